#!/bin/sh
# Say what began, in a file for whoever looks later and in the container's log, and how it ended.
echo "orders begins: $*" >>/var/log/orders.log || exit 1
echo "orders begins: $*"
"$@"
echo "orders ended with status $?"
