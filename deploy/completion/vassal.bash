# Completion of the command line of vassal and uwsgi. Generated from the table of
# options; `UPDATE_DOCS=1 cargo test -p shared --test docs` writes it anew.

_vassal() {
    local cur=${COMP_WORDS[COMP_CWORD]} option=
    COMPREPLY=()
    # bash cuts --name=value into three words
    if [[ $cur == = ]]; then
        cur=
        option=${COMP_WORDS[COMP_CWORD-1]}
    elif (( COMP_CWORD > 1 )) && [[ ${COMP_WORDS[COMP_CWORD-1]} == = ]]; then
        option=${COMP_WORDS[COMP_CWORD-2]}
    elif (( COMP_CWORD > 0 )); then
        option=${COMP_WORDS[COMP_CWORD-1]}
    fi
    case $option in
        --protocol|--socket-protocol)
            COMPREPLY=($(compgen -W 'uwsgi http http11 fastcgi fastcgi-nph scgi scgi-nph' -- "$cur"))
            return ;;
        -x|-y|-j|--vassals-inherit|--vassals-include|--vassals-inherit-before|--vassals-include-before|--config|--inherit|--include|--ini|--xml|--xmlconfig|--yaml|--yml|--json|--js)
            _vassal_files "$cur"
            return ;;
        -s|-d|--wsgi-file|--file|--pidfile|--safe-pidfile|--socket|--uwsgi-socket|--http-socket|--fastcgi-socket|--fastcgi-nph-socket|--scgi-socket|--scgi-nph-socket|--http|--httprouter|--daemonize|--daemonize2|--logto|--logto2|--stats|--stats-server|--emperor-pidfile|--emperor-stats|--emperor-stats-server|--binary-path|--api-socket|--for-readline|--if-exists|--ifexists|--if-not-exists|--if-file|--if-not-file)
            compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur"))
            return ;;
        -H|--home|--virtualenv|--venv|--pyhome|--pythonpath|--python-path|--pp|--chdir|--plugins-dir|--plugin-dir|--chroot|--emperor|--state-dir|--if-dir|--ifdir|--if-directory|--if-not-dir)
            compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$cur"))
            return ;;
        --chown-socket|--uid|--immediate-uid)
            COMPREPLY=($(compgen -u -- "$cur"))
            return ;;
        --gid|--immediate-gid)
            COMPREPLY=($(compgen -g -- "$cur"))
            return ;;
        -w|-p|-t|-R|-l|-z|-b|-v|-S|--module|--wsgi|--callable|--pyargv|--python|--py|--processes|--workers|--harakiri|--reload-mercy|--worker-reload-mercy|--threads|--max-requests|--max-requests-delta|--min-worker-lifetime|--procname-prefix|--procname-prefix-spaced|--procname-append|--procname|--procname-master|--need-plugins|--need-plugin|--plugins|--plugin|--fallback-config|--inject-before|--inject-after|--declare-option|--declare-option2|--listen|--socket-timeout|--limit-post|--post-buffering|--http11-socket|--buffer-size|--http-socket-modifier1|--http-socket-modifier2|--https-socket-modifier1|--https-socket-modifier2|--fastcgi-modifier1|--fastcgi-modifier2|--scgi-modifier1|--scgi-modifier2|--allowed-modifiers|--max-vars|--post-buffering-bufsize|--body-read-warning|--tcp-fast-open|--tcp-fastopen|--socket-sndbuf|--socket-rcvbuf|--map-socket|--suwsgi-socket|--ssl-socket|--https-socket|--shared-socket|--undeferred-shared-socket|--http-timeout|--http-headers-timeout|--http-processes|--http-workers|--http-connect-timeout|--http-modifier1|--http-modifier2|--http-events|--http-buffer-size|--http-quiet|--http-gracetime|--http-harakiri|--http-uid|--http-gid|--https|--https2|--https-session-context|--http-to|--umask|--limit-nproc|--prio|--cpu-affinity|--max-fd|--limit-as|--emperor-freq|--emperor-required-heartbeat|--emperor-curse-tolerance|--emperor-throttle|--emperor-max-throttle|--emperor-extra-extension|--emperor-extra-ext|--vassal-set|--vassals-set|--start-parallel|--log-keep|--blacklist|--whitelist|--set|--set-placeholder|--set-ph|--for|--for-glob|--for-times|--if-opt|--if-not-opt|--if-env|--ifenv|--if-not-env|--if-hostname|--if-not-hostname|--if-plugin|--ifplugin|--if-not-plugin|--resolve|--if-hostname-match|--if-not-hostname-match|--print|--iprint|--env|--unenv|--envdir|--early-envdir|--chunked-input-timeout|--chunked-input-limit|--ssl-sessions-timeout|--ssl-session-timeout|--sni-dir|--sni-dir-ciphers|--sni|--attach-daemon|--attach-control-daemon|--smart-attach-daemon|--smart-attach-daemon2|--attach-daemon2)
            COMPREPLY=()
            return ;;
    esac
    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "$_vassal_options" -- "$cur"))
    else
        _vassal_files "$cur"
    fi
}

_vassal_files() {
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -d -- "$1"))
    local ending
    for ending in ini yml yaml json js xml; do
        COMPREPLY+=($(compgen -f -X "!*.$ending" -- "$1"))
    done
}

_vassal_options='-w
-H
-p
-t
-R
-M
-T
-i
-a
-l
-z
-s
-C
-b
-v
-m
-L
-d
-S
-h
-x
-y
-j
--wsgi-file
--file
--module
--wsgi
--callable
--home
--virtualenv
--venv
--pyhome
--pythonpath
--python-path
--pp
--pyargv
--python
--py
--wsgi-accept-buffers
--wsgi-accept-buffer
--py-call-osafterfork
--py-call-uwsgi-fork-hooks
--auto-procname
--need-app
--die-on-term
--catch-exceptions
--lazy-apps
--vacuum
--processes
--workers
--harakiri
--reload-mercy
--worker-reload-mercy
--threads
--max-requests
--max-requests-delta
--min-worker-lifetime
--procname-prefix
--procname-prefix-spaced
--procname-append
--procname
--procname-master
--pidfile
--safe-pidfile
--chdir
--need-plugins
--need-plugin
--master
--thunder-lock
--ignore-sigpipe
--ignore-write-errors
--disable-write-exception
--enable-threads
--single-interpreter
--no-orphans
--close-on-exec
--plugins-dir
--plugin-dir
--plugins
--plugin
--fallback-config
--inject-before
--inject-after
--declare-option
--declare-option2
--abstract-socket
--listen
--socket-timeout
--limit-post
--post-buffering
--protocol
--socket-protocol
--chown-socket
--socket
--uwsgi-socket
--http-socket
--http11-socket
--fastcgi-socket
--fastcgi-nph-socket
--scgi-socket
--scgi-nph-socket
--chmod-socket
--chmod
--buffer-size
--http-socket-modifier1
--http-socket-modifier2
--https-socket-modifier1
--https-socket-modifier2
--fastcgi-modifier1
--fastcgi-modifier2
--scgi-modifier1
--scgi-modifier2
--allowed-modifiers
--max-vars
--post-buffering-bufsize
--body-read-warning
--tcp-nodelay
--so-keepalive
--skip-zero
--freebind
--no-fd-passing
--no-defer-accept
--shutdown-sockets
--reuse-port
--tcp-fast-open-client
--tcp-fastopen-client
--so-send-timeout
--socket-send-timeout
--so-write-timeout
--socket-write-timeout
--tcp-fast-open
--tcp-fastopen
--socket-sndbuf
--socket-rcvbuf
--map-socket
--suwsgi-socket
--ssl-socket
--https-socket
--shared-socket
--undeferred-shared-socket
--http
--httprouter
--http-keepalive
--http-timeout
--http-headers-timeout
--http-processes
--http-workers
--http-auto-chunked
--http-raw-body
--http-chunked-input
--http-connect-timeout
--http-modifier1
--http-modifier2
--http-events
--http-buffer-size
--http-quiet
--http-cheap
--http-gracetime
--http-harakiri
--http-uid
--http-gid
--http-manage-expect
--https
--https2
--https-export-cert
--https-session-context
--http-to
--chroot
--umask
--uid
--gid
--immediate-uid
--immediate-gid
--no-initgroups
--limit-nproc
--prio
--cpu-affinity
--max-fd
--limit-as
--memory-report
--disable-logging
--daemonize
--daemonize2
--logto
--logto2
--log-master
--stats-http
--stats-minified
--stats-min
--stats
--stats-server
--emperor-nofollow
--emperor-tyrant
--emperor-no-blacklist
--emperor-graceful-shutdown
--emperor-freq
--emperor-required-heartbeat
--emperor-curse-tolerance
--emperor-throttle
--emperor-max-throttle
--emperor-pidfile
--emperor-stats
--emperor-stats-server
--binary-path
--emperor
--emperor-extra-extension
--emperor-extra-ext
--vassals-inherit
--vassals-include
--vassals-inherit-before
--vassals-include-before
--vassal-set
--vassals-set
--refuse-root
--api-socket
--start-parallel
--state-dir
--log-keep
--early-emperor
--strict
--show-config
--blacklist
--whitelist
--config
--set
--set-placeholder
--set-ph
--for
--for-glob
--for-times
--for-readline
--if-opt
--if-not-opt
--if-env
--ifenv
--if-not-env
--if-reload
--if-not-reload
--if-hostname
--if-not-hostname
--if-exists
--ifexists
--if-not-exists
--if-plugin
--ifplugin
--if-not-plugin
--if-file
--if-not-file
--if-dir
--ifdir
--if-directory
--if-not-dir
--endif
--end-if
--endfor
--end-for
--end
--end-blacklist
--end-whitelist
--inherit
--include
--help
--usage
--ini
--version
--autoload
--xml
--xmlconfig
--resolve
--if-hostname-match
--if-not-hostname-match
--yaml
--yml
--json
--js
--print
--iprint
--exit
--env
--unenv
--envdir
--early-envdir
--chunked-input-timeout
--chunked-input-limit
--ssl-verbose
--ssl-verify-depth
--ssl-sessions-timeout
--ssl-session-timeout
--ssl-sessions-use-cache
--ssl-session-use-cache
--sni-dir
--sni-dir-ciphers
--ssl-option
--sni
--attach-daemon
--attach-control-daemon
--smart-attach-daemon
--smart-attach-daemon2
--attach-daemon2
--wsgi-manage-chunked-input'
complete -F _vassal vassal uwsgi
