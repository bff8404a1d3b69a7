//go:build !nng

package main

var nng = peer{
	name:   "nng",
	absent: "built without libnng; with Debian's libnng-dev: CGO_ENABLED=1 go build -C bench/peers -tags nng -o DIR/ringmaster-peers .",
}
