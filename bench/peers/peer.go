package main

import (
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"
)

// peer is a way to exchange messages. Its two ends live in processes of their
// own.
type peer struct {
	name    string
	version func() string
	options string // how it is used
	absent  string // why it cannot be measured; serve and dial are nil then

	// serve makes the server's end and returns the address to dial. It calls
	// handle with every message, which is valid until handle returns, and sends
	// back what it returns; a peer without replies to one-way messages sends
	// nothing for nil. A peer that runs handlers at the same time says so in its
	// options.
	serve func(j job, handle func(message []byte) (reply []byte)) (address string, end io.Closer, err error)

	// dial makes the client's end.
	dial func(j job, address string) (client, error)
}

// client is the end that starts each exchange. It belongs to one goroutine.
type client interface {
	// Claim returns a buffer of n bytes for the next message. Call and Send
	// take it back.
	Claim(n int) []byte

	// Call sends the claimed message and returns the reply, which is valid
	// until the next Claim.
	Call(message []byte) (reply []byte, err error)

	// Send sends the claimed message one way. It may hold it back until Flush.
	Send(message []byte) error

	// Flush returns when all messages are on their way; a peer that answers
	// each message returns when all have been answered.
	Flush() error

	Close() error
}

// peers are all known peers, in the order in which they are listed.
var peers = []peer{
	grpcUnary, grpcStream, goZeroMQ, flipCall, zeroMQ, nng,
	{name: "mangos", absent: "go.nanomsg.org/mangos/v3 is not served by the module proxy"},
	{name: "shmipc-go", absent: "github.com/cloudwego/shmipc-go is not served by the module proxy"},
	{name: "plugin-ipc", absent: "github.com/netdata/plugin-ipc is not served by the module proxy"},
}

// findPeer returns the peer of a name, if it can be measured.
func findPeer(name string) (peer, error) {
	i := slices.IndexFunc(peers, func(p peer) bool { return p.name == name })
	if i < 0 {
		var names []string
		for _, p := range peers {
			names = append(names, p.name)
		}
		return peer{}, fmt.Errorf("%w: peer %q is not one of %s", errUsage, name, strings.Join(names, ", "))
	}
	if peers[i].absent != "" {
		return peer{}, fmt.Errorf("%w: %s: %s", errAbsent, name, peers[i].absent)
	}
	return peers[i], nil
}

// moduleVersion returns the version of a module in this binary.
func moduleVersion(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, module := range info.Deps {
		if module.Path == path {
			return path + " " + module.Version
		}
	}
	return path
}

// scratch is the Claim of peers that copy what they send before Send returns.
type scratch struct{ buf []byte }

// Claim returns the same memory each time.
func (s *scratch) Claim(n int) []byte {
	if cap(s.buf) < n {
		s.buf = make([]byte, n)
	}
	return s.buf[:n]
}
