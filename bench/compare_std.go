package bench

import (
	"context"
	"fmt"
	"runtime"
	"slices"
)

// peerPlan says who carries the messages of a plan in ringmaster's place.
type peerPlan struct {
	Name    string // "": nobody does
	Address string // of its ends' meeting, unique on the machine
	Outside bool   // the processes of the plan measure the floor alone; see outside
	Program string // that measures the peer, if it is not package bench
}

// carrier is one end of a standard peer's connection: its source is used as
// ringmaster's are.
type carrier interface {
	source

	// receive hands what arrives to the tally until the last message.
	receive(ctx context.Context, t *tally) error

	close() error
}

// standardPeer is a way that the standard library has to pass messages between
// two processes, or within one.
type standardPeer struct {
	name    string
	options string // how it is used
	gob     bool   // it carries structs
	bytes   bool   // it carries what is bytes already

	// open makes one end; which one, the part says. It must not wait for the
	// other end. Nil: both ends are in one process, see outside.
	open func(e *end) (carrier, error)
}

// standardPeers are all of them, in the order in which they are measured.
var standardPeers = []standardPeer{
	{
		name: "go-channel", bytes: true,
		options: "one process, two goroutines on two cores, slices of bytes; round trips without a buffer, streams with one for 1024 messages",
	},
	{
		name: "pipe", bytes: true, open: openPipe,
		options: "os.Pipe in each direction, one write per message; messages have one size and no header",
	},
	{
		name: "unix", bytes: true, open: openUnix,
		options: "stream socket, one write per message; messages have one size and no header",
	},
	{
		name: "unix-buffered", bytes: true, open: openBuffered,
		options: "stream socket, bufio reader and writer of 64 KiB; messages have one size and no header; round trips are flushed",
	},
	{
		name: "unix-gob", bytes: true, gob: true, open: openGob,
		options: "stream socket, one encoder and one decoder for all messages, bufio reader and writer of 64 KiB; round trips are flushed",
	},
	{
		name: "net-rpc", bytes: true, gob: true, open: openRPC,
		options: "Unix socket, gob; round trips are calls one by one, streams have up to 64 calls with empty replies in flight",
	},
}

// version returns the version of all standard peers.
func (s standardPeer) version() string { return runtime.Version() }

// carries reports whether the peer can have a row with this codec.
func (s standardPeer) carries(codec string) bool {
	if codec == CodecGob {
		return s.gob
	}
	return s.bytes
}

// openPeer makes this process's end of the standard peer that carries the
// plan's messages.
func (e *end) openPeer() error {
	if e.plan.Peer.Outside {
		return nil
	}
	i := slices.IndexFunc(standardPeers, func(s standardPeer) bool { return s.name == e.plan.Peer.Name })
	if i < 0 {
		return fmt.Errorf("%w: peer %q", ErrUnknown, e.plan.Peer.Name)
	}
	c, err := standardPeers[i].open(e)
	if err != nil {
		return fmt.Errorf("bench: %s: %w", e.plan.Peer.Name, err)
	}
	e.carrier = c
	if len(e.part.Outs) > 0 {
		e.source = c
	}
	return nil
}
