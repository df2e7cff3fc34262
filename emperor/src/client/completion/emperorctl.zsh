#compdef emperorctl
# zsh completion of emperorctl; load it with: source <(emperorctl completion zsh)

_emperorctl_apps() {
    local -a names
    local socket=${opt_args[-s]:-${opt_args[--socket]}}
    # names with characters that JSON escapes are left out
    names=(${(f)"$(emperorctl ${socket:+--socket} ${socket:+$socket} -o json list 2>/dev/null |
        grep -o '"id":"[^"\\]*"' | sed 's/^"id":"//; s/"$//')"})
    compadd -a names
}

_emperorctl() {
    local context state state_descr line
    typeset -A opt_args
    local -a verbs
    verbs=(
        'status:how everything, or one app, is doing'
        'list:how everything is doing'
        'show:everything that is known of one app'
        'reload:start a new generation'
        'stop:stop, and stay stopped'
        'start:start what was stopped or waits'
        'logs:the last lines that it wrote'
        'check:what is wrong with files'
        'import:the configuration of another server as files for this one'
        'completion:a script for a shell'
        'help:the commands'
    )
    _arguments -C \
        '(-s --socket)'{-s,--socket}'[socket of the API]:socket:_files' \
        '(-o --output)'{-o,--output}'[form of the answer]:form:(table json)' \
        '--format[form of the findings]:form:(human json sarif)' \
        '--strict-warnings[a warning ends in exit code 5 too]' \
        '(-w --wait)'{-w,--wait}'[how long to wait]:time' \
        '--no-wait[return when the order was taken]' \
        '(-n --lines)'{-n,--lines}'[how many lines]:number' \
        '--to[where imported files go]:directory:_files -/' \
        '--force[replace files that are there]' \
        '--command[command line of gunicorn]:line' \
        '--as[what standard input is called]:path:_files' \
        '(-h --help)'{-h,--help}'[the commands]' \
        '1: :->verb' \
        '2: :->first' \
        '*: :->rest'
    case $state in
        verb) _describe command verbs ;;
        first)
            case $line[1] in
                status | show | reload | stop | start | logs) _emperorctl_apps ;;
                check) _files ;;
                import) compadd supervisor gunicorn fpm unit ;;
                completion) compadd bash zsh fish ;;
            esac
            ;;
        rest) [[ $line[1] == (check|import) ]] && _files ;;
    esac
}

if [[ $funcstack[1] == _emperorctl ]]; then
    _emperorctl "$@"
elif (( $+functions[compdef] )); then
    compdef _emperorctl emperorctl
fi
