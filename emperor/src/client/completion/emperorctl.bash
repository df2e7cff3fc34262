# bash completion of emperorctl; load it with: source <(emperorctl completion bash)

_emperorctl_apps() {
    # names with characters that JSON escapes are left out
    "$1" ${2:+--socket "$2"} -o json list 2>/dev/null |
        grep -o '"id":"[^"\\]*"' | sed 's/^"id":"//; s/"$//'
}

_emperorctl() {
    local program=$1 word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    local verb= place=0 socket= skip= index one IFS=$' \t\n'
    for ((index = 1; index < COMP_CWORD; index++)); do
        one=${COMP_WORDS[index]}
        if [[ $skip ]]; then
            [[ $skip == socket ]] && socket=$one
            skip=
            continue
        fi
        case $one in
            -s | --socket) skip=socket ;;
            -o | --output | --format | -w | --wait | -n | --lines | --to | --command | --as) skip=value ;;
            -*) ;;
            =) ;;
            *)
                if [[ $verb ]]; then place=$((place + 1)); else verb=$one; fi
                ;;
        esac
    done
    COMPREPLY=()
    case $before in
        -o | --output | --format)
            local forms='table json'
            [[ $verb == check ]] && forms='human json sarif'
            mapfile -t COMPREPLY < <(compgen -W "$forms" -- "$word")
            return
            ;;
        -s | --socket | --as) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
        --to) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
        -w | --wait | -n | --lines | --command) return ;;
    esac
    if [[ $word == -* ]]; then
        local options='--socket --output --help'
        case $verb in
            reload | stop | start) options+=' --wait --no-wait' ;;
            logs) options+=' --lines' ;;
            check) options='--format --strict-warnings --as' ;;
            import) options+=' --to --force --command --as' ;;
        esac
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
        return
    fi
    case $verb in
        '')
            mapfile -t COMPREPLY < <(compgen -W 'status list show reload stop start logs check import completion help' -- "$word")
            ;;
        status | show | reload | stop | start | logs)
            [[ $place == 0 ]] || return
            while IFS= read -r one; do
                [[ $one == "$word"* ]] && COMPREPLY+=("$(printf '%q' "$one")")
            done < <(_emperorctl_apps "$program" "$socket")
            ;;
        import)
            if [[ $place == 0 ]]; then
                mapfile -t COMPREPLY < <(compgen -W 'supervisor gunicorn fpm unit' -- "$word")
            else
                compopt -o filenames 2>/dev/null
                mapfile -t COMPREPLY < <(compgen -f -- "$word")
            fi
            ;;
        check)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            ;;
        completion)
            [[ $place == 0 ]] || return
            mapfile -t COMPREPLY < <(compgen -W 'bash zsh fish' -- "$word")
            ;;
    esac
    return 0
}

complete -F _emperorctl emperorctl
