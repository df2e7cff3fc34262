//! Routers that are processes of their own.

use super::TERMINAL;
use crate::option::{Kind, Row, row};

const NETWORK: &str =
    "network devices belong to the system: give the vassal its network from outside";

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("fastrouter", Kind::Special)
        .planned("Address on which uwsgi requests are passed on by host name."),
    row("fastrouter-processes", Kind::Integer)
        .aliases(&["fastrouter-workers"])
        .planned("Processes of the fast router."),
    row("fastrouter-zerg", Kind::Special)
        .planned("UNIX socket that hands out the listening sockets of the fast router."),
    row("fastrouter-use-cache", Kind::Text)
        .optional()
        .planned("Cache in which the fast router looks addresses up."),
    row("fastrouter-use-pattern", Kind::Special).planned(
        "Pattern by which the fast router makes an address of a host name, with `%s` in it.",
    ),
    row("fastrouter-use-base", Kind::Special)
        .planned("Directory where the fast router finds one socket for each host name."),
    row("fastrouter-fallback", Kind::List)
        .planned("Address that the fast router uses when no other can be reached."),
    row("fastrouter-use-code-string", Kind::Special)
        .planned("Function by which the fast router chooses the address."),
    row("fastrouter-use-socket", Kind::Special)
        .optional()
        .planned("Let the fast router pass requests to this server's own sockets, by number."),
    row("fastrouter-to", Kind::List)
        .planned("Address of a server to which the fast router passes requests."),
    row("fastrouter-gracetime", Kind::Integer)
        .planned("Seconds after which the fast router tries a failed address again."),
    row("fastrouter-events", Kind::Integer)
        .planned("How many events the fast router takes at a time."),
    row("fastrouter-quiet", Kind::Flag)
        .argument()
        .planned("Let the fast router log less about failed addresses."),
    row("fastrouter-cheap", Kind::Flag)
        .planned("Run the fast router only while there is somebody to pass requests to."),
    row("fastrouter-subscription-server", Kind::Special)
        .planned("Address on which servers announce themselves to the fast router."),
    row("fastrouter-subscription-slot", Kind::Special).planned("Without meaning in uWSGI too."),
    row("fastrouter-timeout", Kind::Integer)
        .default("60")
        .planned("Seconds that the fast router waits for either side."),
    row("fastrouter-post-buffering", Kind::Long)
        .planned("Request bodies of at least this many bytes are read whole by the fast router."),
    row("fastrouter-post-buffering-dir", Kind::Text).planned("Without meaning in uWSGI too."),
    row("fastrouter-stats", Kind::Text)
        .aliases(&["fastrouter-stats-server", "fastrouter-ss"])
        .planned("Address on which the statistics of the fast router are sent."),
    row("fastrouter-harakiri", Kind::Integer)
        .planned("The longest that the fast router may hang, in seconds."),
    row("fastrouter-uid", Kind::Special).planned("User that the fast router becomes."),
    row("fastrouter-gid", Kind::Special).planned("Group that the fast router becomes."),
    row("fastrouter-resubscribe", Kind::List)
        .planned("Address to which the fast router passes subscriptions on."),
    row("fastrouter-resubscribe-bind", Kind::Text)
        .planned("Own address from which the fast router passes subscriptions on."),
    row("fastrouter-buffer-size", Kind::Long)
        .planned("Size of the buffers of the fast router, in bytes."),
    row("fastrouter-fallback-on-no-key", Kind::Flag)
        .planned("Let the fast router use the fallback for names that nobody subscribed to."),
    row("fastrouter-subscription-fallback-key", Kind::Special)
        .planned("Name that the fast router tries when nobody subscribed to the wanted one."),
    row("rawrouter", Kind::Special).planned("Address on which TCP connections are passed on."),
    row("rawrouter-processes", Kind::Integer)
        .aliases(&["rawrouter-workers"])
        .planned("Processes of the raw router."),
    row("rawrouter-zerg", Kind::Special)
        .planned("UNIX socket that hands out the listening sockets of the raw router."),
    row("rawrouter-use-cache", Kind::Text)
        .optional()
        .planned("Cache in which the raw router looks addresses up."),
    row("rawrouter-use-pattern", Kind::Special).planned(
        "Pattern by which the raw router makes an address of a host name, with `%s` in it.",
    ),
    row("rawrouter-use-base", Kind::Special)
        .planned("Directory where the raw router finds one socket for each host name."),
    row("rawrouter-fallback", Kind::List)
        .planned("Address that the raw router uses when no other can be reached."),
    row("rawrouter-use-code-string", Kind::Special)
        .planned("Function by which the raw router chooses the address."),
    row("rawrouter-use-socket", Kind::Special)
        .optional()
        .planned("Let the raw router pass requests to this server's own sockets, by number."),
    row("rawrouter-to", Kind::List)
        .planned("Address of a server to which the raw router passes requests."),
    row("rawrouter-gracetime", Kind::Integer)
        .planned("Seconds after which the raw router tries a failed address again."),
    row("rawrouter-events", Kind::Integer)
        .planned("How many events the raw router takes at a time."),
    row("rawrouter-max-retries", Kind::Integer)
        .planned("How many other servers the raw router tries."),
    row("rawrouter-quiet", Kind::Flag)
        .argument()
        .planned("Let the raw router log less about failed addresses."),
    row("rawrouter-cheap", Kind::Flag)
        .planned("Run the raw router only while there is somebody to pass requests to."),
    row("rawrouter-subscription-server", Kind::Special)
        .planned("Address on which servers announce themselves to the raw router."),
    row("rawrouter-subscription-slot", Kind::Special).planned("Without meaning in uWSGI too."),
    row("rawrouter-timeout", Kind::Integer)
        .planned("Seconds that the raw router waits for either side."),
    row("rawrouter-stats", Kind::Text)
        .aliases(&["rawrouter-stats-server", "rawrouter-ss"])
        .planned("Address on which the statistics of the raw router are sent."),
    row("rawrouter-harakiri", Kind::Integer)
        .planned("The longest that the raw router may hang, in seconds."),
    row("rawrouter-xclient", Kind::Flag)
        .planned("Tell the server behind the client's address with XCLIENT."),
    row("rawrouter-buffer-size", Kind::Long)
        .planned("Size of the buffers of the raw router, in bytes."),
    row("sslrouter", Kind::Special)
        .planned("Address on which TLS connections are passed on, `address,certificate,key`."),
    row("sslrouter2", Kind::Special)
        .planned("Address of the TLS router, `addr=...,cert=...,key=...` and more."),
    row("sslrouter-session-context", Kind::Text)
        .planned("Name that separates TLS sessions of several servers."),
    row("sslrouter-processes", Kind::Integer)
        .aliases(&["sslrouter-workers"])
        .planned("Processes of the TLS router."),
    row("sslrouter-zerg", Kind::Special)
        .planned("UNIX socket that hands out the listening sockets of the TLS router."),
    row("sslrouter-use-cache", Kind::Text)
        .optional()
        .planned("Cache in which the TLS router looks addresses up."),
    row("sslrouter-use-pattern", Kind::Special).planned(
        "Pattern by which the TLS router makes an address of a host name, with `%s` in it.",
    ),
    row("sslrouter-use-base", Kind::Special)
        .planned("Directory where the TLS router finds one socket for each host name."),
    row("sslrouter-fallback", Kind::List)
        .planned("Address that the TLS router uses when no other can be reached."),
    row("sslrouter-use-code-string", Kind::Special)
        .planned("Function by which the TLS router chooses the address."),
    row("sslrouter-use-socket", Kind::Special)
        .optional()
        .planned("Let the TLS router pass requests to this server's own sockets, by number."),
    row("sslrouter-to", Kind::List)
        .planned("Address of a server to which the TLS router passes requests."),
    row("sslrouter-gracetime", Kind::Integer)
        .planned("Seconds after which the TLS router tries a failed address again."),
    row("sslrouter-events", Kind::Integer)
        .planned("How many events the TLS router takes at a time."),
    row("sslrouter-max-retries", Kind::Integer)
        .planned("How many other servers the TLS router tries."),
    row("sslrouter-quiet", Kind::Flag)
        .argument()
        .planned("Let the TLS router log less about failed addresses."),
    row("sslrouter-cheap", Kind::Flag)
        .planned("Run the TLS router only while there is somebody to pass requests to."),
    row("sslrouter-subscription-server", Kind::Special)
        .planned("Address on which servers announce themselves to the TLS router."),
    row("sslrouter-timeout", Kind::Integer)
        .planned("Seconds that the TLS router waits for either side."),
    row("sslrouter-stats", Kind::Text)
        .aliases(&["sslrouter-stats-server", "sslrouter-ss"])
        .planned("Address on which the statistics of the TLS router are sent."),
    row("sslrouter-harakiri", Kind::Integer)
        .planned("The longest that the TLS router may hang, in seconds."),
    row("sslrouter-sni", Kind::Flag)
        .planned("Choose the server by the host name of the TLS hello."),
    row("sslrouter-buffer-size", Kind::Long)
        .planned("Size of the buffers of the TLS router, in bytes."),
    row("forkptyrouter", Kind::Special)
        .aliases(&["forkpty-router"])
        .refused(TERMINAL, "Address whose connections get a terminal."),
    row("forkptyurouter", Kind::Special)
        .aliases(&["forkpty-urouter"])
        .refused(TERMINAL, "As `forkptyrouter`, by uwsgi."),
    row("forkptyrouter-command", Kind::Text)
        .aliases(&["forkpty-router-command", "forkptyrouter-cmd", "forkpty-router-cmd"])
        .refused(TERMINAL, "Program that runs in the terminal."),
    row("forkptyrouter-rows", Kind::Long).refused(TERMINAL, "Rows of the terminal."),
    row("forkptyrouter-cols", Kind::Long).refused(TERMINAL, "Columns of the terminal."),
    row("forkptyrouter-processes", Kind::Integer)
        .aliases(&["forkptyrouter-workers"])
        .refused(TERMINAL, "Processes of the terminal router."),
    row("forkptyrouter-zerg", Kind::Special).refused(
        TERMINAL,
        "UNIX socket that hands out the listening sockets of the terminal router.",
    ),
    row("forkptyrouter-fallback", Kind::List)
        .refused(TERMINAL, "Address that the terminal router uses when no other can be reached."),
    row("forkptyrouter-events", Kind::Integer)
        .refused(TERMINAL, "How many events the terminal router takes at a time."),
    row("forkptyrouter-cheap", Kind::Flag).refused(
        TERMINAL,
        "Run the terminal router only while there is somebody to pass requests to.",
    ),
    row("forkptyrouter-timeout", Kind::Integer)
        .refused(TERMINAL, "Seconds that the terminal router waits for either side."),
    row("forkptyrouter-stats", Kind::Text)
        .aliases(&["forkptyrouter-stats-server", "forkptyrouter-ss"])
        .refused(TERMINAL, "Address on which the statistics of the terminal router are sent."),
    row("forkptyrouter-harakiri", Kind::Integer)
        .refused(TERMINAL, "The longest that the terminal router may hang, in seconds."),
    row("tuntap-router", Kind::List)
        .refused(NETWORK, "Network device and socket that connect vassals, `device socket`."),
    row("tuntap-device", Kind::List)
        .refused(NETWORK, "Network device of the vassal, `device socket`."),
    row("tuntap-use-credentials", Kind::Text)
        .optional()
        .refused(NETWORK, "Check who connects to a TUN router by the credentials of its socket."),
    row("tuntap-router-firewall-in", Kind::Special)
        .refused(NETWORK, "Rule for packets to a TUN router."),
    row("tuntap-router-firewall-out", Kind::Special)
        .refused(NETWORK, "Rule for packets from a TUN router."),
    row("tuntap-router-route", Kind::Special).refused(NETWORK, "Route of a TUN router."),
    row("tuntap-router-stats", Kind::Text)
        .refused(NETWORK, "Address on which the statistics of a TUN router are sent."),
    row("tuntap-device-rule", Kind::List)
        .refused(NETWORK, "Rule for packets of the vassal's network device."),
];
