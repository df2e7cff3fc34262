# usage: sandbox.sh CONFIG PATHS PROGRAM ARGUMENT...
#
# Runs a program as nobody in a throw-away copy of the file system (the caller has put us into
# namespaces of our own) until it has listed its configuration, and prints everything that it
# wrote, to its output or to a log. Strangers' files are started here: they daemonize, open logs
# and run commands. PATHS lists files whose directories must exist for them to get that far.
config=$1
paths=$2
shift 2
end=';end of configuration'
mount -t tmpfs none /mnt || exit 77
mkdir /mnt/upper /mnt/work /mnt/copy
mount -t overlay none -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/copy || exit 77
mount -t proc none /mnt/copy/proc
mount --bind /dev /mnt/copy/dev
cd /mnt/copy || exit 77
directory=$(dirname "$config")
chmod 777 ".$directory" ./run ./tmp
sort -u "$paths" | while read -r path; do
    case $path in
    */) made=.$path ;;
    *) made=$(dirname ".$path") ;;
    esac
    mkdir -p "$made" 2>/dev/null
    chmod 777 "$made" 2>/dev/null
done
PATH=$PATH:/usr/sbin chroot /mnt/copy sh -c 'cd "$0" && exec setpriv --reuid 65534 --regid 65534 \
    --clear-groups --no-new-privs "$@" </dev/null' "$directory" "$@" >/mnt/out 2>&1 &
child=$!
tries=0
gone=0
# until the list is complete, in the output or in whatever the program opened as its log
while [ $tries -lt 200 ] && [ $gone -lt 8 ]; do
    grep -qs "$end" /mnt/out && break
    kill -0 $child 2>/dev/null || gone=$((gone + 1))
    [ $((tries % 4)) = 3 ] && grep -rqs "$end" /mnt/upper && break
    tries=$((tries + 1))
    sleep 0.05
done
cat /mnt/out
grep -rls "$end" /mnt/upper | while read -r log; do
    echo
    cat "$log"
done
