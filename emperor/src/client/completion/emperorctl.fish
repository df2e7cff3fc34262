# fish completion of emperorctl; load it with: emperorctl completion fish | source

function __emperorctl_apps
    # names with characters that JSON escapes are left out
    emperorctl -o json list 2>/dev/null | string match -ra '"id":"[^"\\\\]*"' | string replace -r '^"id":"(.*)"$' '$1'
end

set -l verbs status list show reload stop start logs check import completion help
set -l ofapp status show reload stop start logs

complete -c emperorctl -f
complete -c emperorctl -s s -l socket -r -F -d 'Socket of the API'
complete -c emperorctl -s o -l output -x -a 'table json' -d 'Form of the answer'
complete -c emperorctl -s h -l help -d 'The commands'
complete -c emperorctl -n "not __fish_seen_subcommand_from $verbs" -a status -d 'How everything, or one app, is doing'
complete -c emperorctl -n "not __fish_seen_subcommand_from $verbs" -a list -d 'How everything is doing'
complete -c emperorctl -n "not __fish_seen_subcommand_from $verbs" -a show -d 'Everything that is known of one app'
complete -c emperorctl -n "not __fish_seen_subcommand_from $verbs" -a reload -d 'Start a new generation'
complete -c emperorctl -n "not __fish_seen_subcommand_from $verbs" -a stop -d 'Stop, and stay stopped'
complete -c emperorctl -n "not __fish_seen_subcommand_from $verbs" -a start -d 'Start what was stopped or waits'
complete -c emperorctl -n "not __fish_seen_subcommand_from $verbs" -a logs -d 'The last lines that it wrote'
complete -c emperorctl -n "not __fish_seen_subcommand_from $verbs" -a check -d 'What is wrong with files'
complete -c emperorctl -n "not __fish_seen_subcommand_from $verbs" -a import -d 'Files from the configuration of another server'
complete -c emperorctl -n "not __fish_seen_subcommand_from $verbs" -a completion -d 'A script for a shell'
complete -c emperorctl -n "not __fish_seen_subcommand_from $verbs" -a help -d 'The commands'
complete -c emperorctl -n "__fish_seen_subcommand_from $ofapp" -a '(__emperorctl_apps)'
complete -c emperorctl -n '__fish_seen_subcommand_from reload stop start' -s w -l wait -x -d 'How long to wait'
complete -c emperorctl -n '__fish_seen_subcommand_from reload stop start' -l no-wait -d 'Return when the order was taken'
complete -c emperorctl -n '__fish_seen_subcommand_from logs' -s n -l lines -x -d 'How many lines'
complete -c emperorctl -n '__fish_seen_subcommand_from check' -F
complete -c emperorctl -n '__fish_seen_subcommand_from check' -l format -x -a 'human json sarif' -d 'Form of the findings'
complete -c emperorctl -n '__fish_seen_subcommand_from check' -l strict-warnings -d 'A warning ends in exit code 5 too'
complete -c emperorctl -n '__fish_seen_subcommand_from check' -l as -r -F -d 'What standard input is called'
complete -c emperorctl -n '__fish_seen_subcommand_from import' -a 'supervisor gunicorn fpm unit' -F
complete -c emperorctl -n '__fish_seen_subcommand_from import' -l to -r -a '(__fish_complete_directories)' -d 'Where the files go'
complete -c emperorctl -n '__fish_seen_subcommand_from import' -l force -d 'Replace files that are there'
complete -c emperorctl -n '__fish_seen_subcommand_from import' -l command -x -d 'Command line of gunicorn'
complete -c emperorctl -n '__fish_seen_subcommand_from import' -l as -r -F -d 'What standard input is called'
complete -c emperorctl -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'
