package control

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// Conn is one end of a control socket. Send may be called from any goroutine,
// Receive from one.
type Conn struct {
	socket *net.UnixConn
	send   sync.Mutex
	frame  [MaxFrame]byte
	rights [64]byte // room for the one descriptor a frame may carry
}

// Pair returns the supervisor's end of a new socket and the file to hand to the
// worker. Frames keep their boundaries (SOCK_SEQPACKET).
func Pair() (*Conn, *os.File, error) {
	ours, theirs, err := shm.SocketPair()
	if err != nil {
		return nil, nil, fmt.Errorf("control: %w", err)
	}
	conn, err := New(ours)
	if err != nil {
		theirs.Close()
		return nil, nil, err
	}
	return conn, theirs, nil
}

// New takes over one end of a control socket.
func New(file *os.File) (*Conn, error) {
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		conn.Close()
		return nil, fmt.Errorf("control: descriptor is a %T, want a Unix socket", conn)
	}
	return &Conn{socket: socket}, nil
}

// Send writes a frame, with a descriptor if file is not nil. The file stays
// open.
func (c *Conn) Send(f Frame, file *os.File) error {
	data, err := f.encode()
	if err != nil {
		return err
	}
	var rights []byte
	if file != nil {
		rights = syscall.UnixRights(int(file.Fd()))
	}
	c.send.Lock()
	defer c.send.Unlock()
	if _, _, err := c.socket.WriteMsgUnix(data, rights, nil); err != nil {
		return fmt.Errorf("control: send %s: %w", f.Kind, err)
	}
	return nil
}

// Receive reads a frame, and the descriptor that came with it, if any. It
// blocks until there is one, and returns io.EOF when the other side is gone.
func (c *Conn) Receive() (Frame, *os.File, error) {
	n, rightsLen, flags, _, err := c.socket.ReadMsgUnix(c.frame[:], c.rights[:])
	file := received(c.rights[:rightsLen])
	switch {
	case err != nil && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, net.ErrClosed)), err == nil && n == 0:
		err = io.EOF
	case err != nil:
		err = fmt.Errorf("control: receive: %w", err)
	case flags&syscall.MSG_TRUNC != 0:
		err = fmt.Errorf("%w: longer than %d bytes", ErrFrame, MaxFrame)
	}
	var f Frame
	if err == nil {
		f, err = decode(c.frame[:n])
	}
	if err != nil && file != nil {
		file.Close()
		file = nil
	}
	return f, file, err
}

// received returns the first descriptor of a control message and closes any
// other.
func received(rights []byte) *os.File {
	if len(rights) == 0 {
		return nil
	}
	messages, err := syscall.ParseSocketControlMessage(rights)
	if err != nil {
		return nil
	}
	var first *os.File
	for _, m := range messages {
		fds, err := syscall.ParseUnixRights(&m)
		if err != nil {
			continue
		}
		for _, fd := range fds {
			file := os.NewFile(uintptr(fd), "received")
			if first == nil {
				first = file
			} else {
				file.Close()
			}
		}
	}
	return first
}

// Close closes the socket; a blocked Receive returns io.EOF.
func (c *Conn) Close() error { return c.socket.Close() }
