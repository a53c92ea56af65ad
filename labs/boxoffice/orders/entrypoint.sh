#!/bin/sh
# Say in the container's log what began, and how it ended.
echo "orders begins: $*"
"$@"
echo "orders ended with status $?"
