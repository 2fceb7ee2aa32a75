#!/bin/sh
# Stands in for the server, as `stand_in.sh run -c FILE`: says one event on stdout, then listens
# where FILE binds. The comment `# peer: PATH` in FILE names the program that does so.
set -eu
test "$1 $2" = "run -c"
bind=$(sed -n 's/^bind = "\(.*\)"$/\1/p' "$3")
peer=$(sed -n 's/^# peer: //p' "$3")
echo '{"event":{"at_nanos":1,"path":"server","generation":1,"what":"started"}}'
exec "$peer" backend --listen "$bind" >&2
