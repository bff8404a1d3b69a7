//go:build !zmq

package main

var zeroMQ = peer{
	name:   "zeromq",
	absent: "built without libzmq; with Debian's libzmq3-dev: CGO_ENABLED=1 go build -C bench/peers -tags zmq -o DIR/ringmaster-peers .",
}
