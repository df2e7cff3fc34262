//! What a configuration may name beside files: the output of a command, a page of a server on
//! this machine, an open descriptor.
//!
//! `@(...)`, `ini = ...` and `--ini ...` share this. Everything here is bounded in time (all of
//! one reading together) and size, runs only where the caller allows it (a check runs nothing), and a command is never
//! run as root when somebody else wrote the file that names it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::sys::descriptor;
use crate::sys::process::dying_with_us;

use super::source::FILE_MAX;
use super::world::World;

/// How long all commands and servers of one reading may take together: less than whoever waits
/// for the reader waits, so that the reader is there to end them.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// What may be used beside files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schemes {
    /// Nothing: whoever asks only wants to look.
    #[default]
    Off,
    /// Commands and servers on this machine: a vassal's file.
    Vassal,
    /// Also standard input and the descriptors that we were started with: a command line.
    CommandLine,
}

/// A name that is no file's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// A file after all.
    File(&'a str),
    /// `exec://`: what a shell prints for this.
    Command(&'a str),
    /// `http://`: host with port, and path.
    Page(&'a str, &'a str),
    /// `fd://N`, or `-` for standard input.
    Descriptor(&'a str),
    /// A scheme of uWSGI's that is not for us.
    Refused(&'static str),
    /// No scheme that anybody knows.
    Unknown,
}

/// Why a target gave nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum SchemeError {
    /// Nothing is run or asked now.
    #[error("not run by a check")]
    Off,
    /// The reason is said.
    #[error("{0}")]
    Refused(String),
    /// The kernel said no.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It did not end.
    #[error("commands and pages took longer than {} s together", PATIENCE.as_secs())]
    Late,
    /// More than a file may have.
    #[error("larger than {} KiB", FILE_MAX / 1024)]
    TooLarge,
}

/// Reads a name.
pub(super) fn target(name: &str) -> Target<'_> {
    if name == "-" {
        return Target::Descriptor("0");
    }
    let Some((scheme, rest)) = name.split_once("://") else { return Target::File(name) };
    match scheme {
        "exec" => Target::Command(rest),
        "http" => {
            let cut = rest.find('/').unwrap_or(rest.len());
            Target::Page(&rest[..cut], &rest[cut..])
        }
        "fd" => Target::Descriptor(rest),
        "data" | "sym" | "section" => {
            Target::Refused("nothing is embedded in this program: name a file instead")
        }
        "call" | "callint" => {
            Target::Refused("no function of this program can be called: use exec:// instead")
        }
        "emperor" => Target::Refused("an Emperor sends no text: it names a file"),
        _ => Target::Unknown,
    }
}

/// What a target says. `stranger`: somebody else than root had a hand in the file that names it;
/// `left`: the time that is left.
pub(super) fn fetch(
    target: Target<'_>,
    world: &World,
    stranger: bool,
    left: Duration,
) -> Result<Vec<u8>, SchemeError> {
    if let Target::Refused(why) = target {
        return Err(SchemeError::Refused(why.to_owned()));
    }
    let refused = |why: &str| Err(SchemeError::Refused(why.to_owned()));
    match (target, world.schemes) {
        (Target::File(_), _) => refused("a file"),
        (Target::Unknown, _) => {
            refused("unknown scheme: expected a file, exec://, http://, fd:// or -")
        }
        (_, Schemes::Off) => Err(SchemeError::Off),
        (Target::Command(_), _) if stranger && world.user.0 == 0 => {
            refused("a command in a file that is not root's alone is not run as root")
        }
        (Target::Command(_) | Target::Page(..), _) if left.is_zero() => Err(SchemeError::Late),
        (Target::Command(command), _) => run(command, world, left),
        (Target::Page(host, path), _) => page(host, path, left),
        (Target::Descriptor(_), Schemes::Vassal) => {
            refused("a vassal is started without open descriptors")
        }
        (Target::Descriptor(number), Schemes::CommandLine) => match number.parse::<i32>() {
            Ok(number) if number >= 0 => opened(number),
            Ok(_) | Err(_) => refused("expected fd://NUMBER"),
        },
        (Target::Refused(why), _) => refused(why),
    }
}

fn opened(number: i32) -> Result<Vec<u8>, SchemeError> {
    let missing = || io::Error::from_raw_os_error(libc::EBADF);
    let descriptor = descriptor::copy_of(number).ok_or_else(missing)?;
    bounded(File::from(descriptor))
}

fn bounded(from: impl Read) -> Result<Vec<u8>, SchemeError> {
    let mut bytes = Vec::new();
    from.take(FILE_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_MAX { Err(SchemeError::TooLarge) } else { Ok(bytes) }
}

/// The output of a command. How it ends does not matter, as in uWSGI; what it leaves behind in
/// its process group is killed, and so is the shell when this process is. Only what moves to a
/// session of its own survives: it has the rights of the file's owner, and nothing of ours open.
fn run(command: &str, world: &World, left: Duration) -> Result<Vec<u8>, SchemeError> {
    let mut shell = Command::new("/bin/sh");
    let mut child = dying_with_us(&mut shell)
        .args(["-c", command])
        .env_clear()
        .envs(world.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(&world.directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    let taken = child.stdout.take().map(OwnedFd::from);
    let result = match taken {
        Some(output) => collect(output, Instant::now() + left),
        None => Ok(Vec::new()),
    };
    end(&mut child);
    result
}

/// Ends whatever is left of a command: it printed all that is wanted of it.
fn end(child: &mut Child) {
    // the group's number is nobody else's as long as its leader was not waited for
    let _ = killpg(Pid::from_raw(child.id() as i32), Signal::SIGKILL);
    let _ = child.wait();
}

fn collect(from: OwnedFd, deadline: Instant) -> Result<Vec<u8>, SchemeError> {
    let mut file = File::from(from);
    let mut bytes = Vec::new();
    let mut part = [0; 8192];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(file.as_fd(), PollFlags::POLLIN)], timeout) {
            Ok(0) => return Err(SchemeError::Late),
            Ok(_) => {}
            Err(nix::Error::EINTR) => continue,
            Err(error) => return Err(io::Error::from(error).into()),
        }
        let size = file.read(&mut part)?;
        if size == 0 {
            return Ok(bytes);
        }
        bytes.extend_from_slice(&part[..size]);
        if bytes.len() as u64 > FILE_MAX {
            return Err(SchemeError::TooLarge);
        }
    }
}

/// The body of a page: HTTP/1.0 (RFC 1945), a server on a loopback address, a 2xx status.
fn page(host: &str, path: &str, left: Duration) -> Result<Vec<u8>, SchemeError> {
    let refused = |why: &str| SchemeError::Refused(why.to_owned());
    let address = loopback(host).ok_or_else(|| {
        refused("only servers on this machine are asked: expected http://127.0.0.1:PORT/PATH")
    })?;
    if path.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
        return Err(refused("the path has a blank or a control character"));
    }
    let deadline = Instant::now() + left;
    let mut stream = TcpStream::connect_timeout(&address, left)?;
    stream.set_write_timeout(Some(left))?;
    let path = if path.is_empty() { "/" } else { path };
    let request = format!("GET {path} HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let bytes = collect(stream.into(), deadline)?;
    body(&bytes).map_err(refused)
}

fn body(answer: &[u8]) -> Result<Vec<u8>, &'static str> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or("no HTTP answer")?;
    let (head, body) = (String::from_utf8_lossy(&answer[..end]), &answer[end + 4..]);
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap_or_default();
    if !status.starts_with("HTTP/1.") {
        return Err("no HTTP answer");
    }
    if !status.split(' ').nth(1).is_some_and(|code| code.len() == 3 && code.starts_with('2')) {
        return Err("the server's answer is not 2xx");
    }
    for line in lines {
        let Some((name, value)) = line.split_once(':') else { continue };
        let length = name.eq_ignore_ascii_case("content-length");
        if length && value.trim().parse() != Ok(body.len()) {
            return Err("the server's answer is cut off");
        }
    }
    Ok(body.to_vec())
}

/// The address of a host on this machine, port 80 unless said.
fn loopback(host: &str) -> Option<SocketAddr> {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port.parse().ok()?),
        _ => (host, 80),
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let ip: IpAddr = if name == "localhost" { [127, 0, 0, 1].into() } else { name.parse().ok()? };
    ip.is_loopback().then(|| SocketAddr::new(ip, port))
}

/// The first IPv4 address of a host (`resolve`).
pub(super) fn resolve(host: &str, world: &World) -> Result<String, SchemeError> {
    if world.schemes == Schemes::Off && host.parse::<IpAddr>().is_err() {
        return Err(SchemeError::Off);
    }
    let found = (host, 0).to_socket_addrs()?.find(SocketAddr::is_ipv4);
    found
        .map(|address| address.ip().to_string())
        .ok_or_else(|| SchemeError::Refused("this host has no IPv4 address".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn world(schemes: Schemes) -> World {
        let user = (1000, "alice".to_owned());
        World { schemes, user, directory: "/".into(), ..World::for_tests() }
    }

    fn got(name: &str, world: &World, stranger: bool) -> Result<String, String> {
        fetch(target(name), world, stranger, PATIENCE)
            .map(|bytes| String::from_utf8(bytes).unwrap())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn commands_run_in_the_given_world_and_not_as_root_for_strangers() {
        let us = world(Schemes::Vassal);
        assert_eq!(got("exec://echo $HOME; pwd; exit 3", &us, true), Ok("/home/alice\n/\n".into()));
        let root = World { user: (0, "root".into()), ..us };
        assert!(got("exec://echo x", &root, true).unwrap_err().contains("not run as root"));
        assert_eq!(got("exec://echo x", &root, false), Ok("x\n".into()));
        assert_eq!(
            got("exec://echo x", &world(Schemes::Off), false),
            Err("not run by a check".into())
        );
    }

    #[test]
    fn what_a_command_leaves_behind_ends() {
        let us = world(Schemes::Vassal);
        let pid: i32 = got("exec://sleep 1000 >/dev/null & echo $!", &us, false)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        let limit = Instant::now() + Duration::from_secs(10);
        // killed with its group; whoever adopted it may take a moment to reap it
        let gone = || match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
            Ok(stat) => stat.contains(") Z"),
            Err(_) => true,
        };
        while !gone() {
            assert!(Instant::now() < limit, "still there");
            std::thread::yield_now();
        }
    }

    #[test]
    fn what_takes_longer_than_the_time_that_is_left_is_ended() {
        let us = world(Schemes::Vassal);
        let started = Instant::now();
        for left in [Duration::ZERO, Duration::from_millis(50)] {
            let error = fetch(target("exec://sleep 1000"), &us, false, left).unwrap_err();
            assert!(matches!(error, SchemeError::Late));
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let error = fetch(target(&url), &us, false, Duration::from_millis(50)).unwrap_err();
        assert!(matches!(error, SchemeError::Late));
        assert!(started.elapsed() < PATIENCE);
    }

    #[test]
    fn too_much_is_too_much() {
        let endless = got("exec://cat /dev/zero", &world(Schemes::Vassal), false);
        assert_eq!(endless, Err("larger than 1024 KiB".into()));
    }

    #[test]
    fn pages_come_from_this_machine_only() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let answers = [
            "200 OK\r\nContent-Length: 2\r\n\r\nhi",
            "200 OK\r\nContent-Length: 3\r\n\r\nhi",
            "404 No\r\n\r\nhi",
        ];
        let server = std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut asked = [0; 512];
                let size = stream.read(&mut asked).unwrap();
                assert!(asked[..size].starts_with(b"GET /x.ini HTTP/1.0\r\n"));
                stream.write_all(format!("HTTP/1.1 {answer}").as_bytes()).unwrap();
            }
        });
        let us = world(Schemes::Vassal);
        let url = format!("http://localhost:{port}/x.ini");
        assert_eq!(got(&url, &us, true), Ok("hi".into()));
        assert!(got(&url, &us, true).unwrap_err().contains("cut off"));
        assert!(got(&url, &us, true).unwrap_err().contains("not 2xx"));
        server.join().unwrap();
        for elsewhere in
            ["http://example.com/x", "http://10.0.0.1/x", "http:///x", "http://[::2]:1/"]
        {
            assert!(
                got(elsewhere, &us, true).unwrap_err().contains("on this machine"),
                "{elsewhere}"
            );
        }
    }

    #[test]
    fn other_schemes_are_refused_by_name() {
        let us = world(Schemes::Vassal);
        for (name, text) in [
            ("sym://x", "embedded"),
            ("call://x", "function"),
            ("ftp://x", "unknown scheme"),
            ("fd://0", "without open descriptors"),
            ("-", "without open descriptors"),
        ] {
            assert!(got(name, &us, false).unwrap_err().contains(text), "{name}");
        }
        assert!(got("fd://x", &world(Schemes::CommandLine), false).unwrap_err().contains("NUMBER"));
        assert_eq!(target("/a/b"), Target::File("/a/b"));
    }
}
