package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/ringmaster-ipc/ringmaster/worker"
)

// bufferSize is what buffered readers and writers have.
const bufferSize = 64 << 10

// meetLimit is how long one end waits for the other to connect: less than a
// phase may take.
const meetLimit = 15 * time.Second

// connection is what a stream needs: sockets have it, and pipes.
type connection interface {
	io.ReadWriteCloser
	SetDeadline(t time.Time) error
}

// wire is one end of a byte stream with a coding of messages on it. It connects
// when it is first used: only then are both ends at work.
type wire struct {
	meeting *meeting
	connect func(m *meeting) (connection, error)
	newCode func(conn io.ReadWriter) coding

	conn  connection // nil: not connected
	code  coding
	index int  // of this process
	eager bool // each message is flushed
}

// coding puts numbered messages on a stream and takes them from it. A call works
// on many: what is measured is the stream and not the call.
type coding interface {
	// put writes messages with n successive numbers.
	put(number uint64, n int) error

	// flush writes what put held back.
	flush() error

	// take reads messages into the tally until it does not want any more.
	take(t *tally) error
}

// newWire returns one end of a stream.
func newWire(e *end, connect func(*meeting) (connection, error), newCode func(io.ReadWriter) coding) (*wire, error) {
	m, err := e.meet()
	if err != nil {
		return nil, err
	}
	return &wire{meeting: m, connect: connect, newCode: newCode, index: e.plan.Index, eager: e.plan.latency()}, nil
}

// ready connects, the first time.
func (w *wire) ready() error {
	if w.conn != nil {
		return nil
	}
	conn, err := w.connect(w.meeting)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	w.conn, w.code = conn, w.newCode(conn)
	return nil
}

// send implements source.
func (w *wire) send(_ context.Context, count uint64, n int) error {
	if err := w.ready(); err != nil {
		return err
	}
	if err := w.code.put(number(w.index, count), n); err != nil || !w.eager {
		return err
	}
	return w.code.flush()
}

// end implements source.
func (w *wire) end(context.Context) error {
	if err := w.code.put(number(w.index, endCount), 1); err != nil {
		return err
	}
	return w.code.flush()
}

// flush implements source. What was sent was flushed by end.
func (w *wire) flush(context.Context) error { return nil }

// receive implements carrier.
func (w *wire) receive(ctx context.Context, t *tally) error {
	if err := w.ready(); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { w.conn.SetDeadline(time.Now()) })()
	err := w.code.take(t)
	switch {
	case errors.Is(err, worker.Stop):
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return err
}

// close implements carrier.
func (w *wire) close() error {
	err := w.meeting.close()
	if w.conn != nil {
		err = errors.Join(err, w.conn.Close())
	}
	return err
}

// meeting is where the two ends of a stream find each other: an abstract Unix
// socket, which leaves no file behind.
type meeting struct {
	address  string
	listener *net.UnixListener // of the end that answers
}

// meet returns the place to meet. The end that answers listens from now on, and
// neither end waits for the other.
func (e *end) meet() (*meeting, error) {
	m := &meeting{address: "@" + e.plan.Peer.Address}
	if e.part.starts() {
		return m, nil
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: m.address, Net: "unix"})
	m.listener = listener
	return m, err
}

// connect waits for the other end.
func (m *meeting) connect() (*net.UnixConn, error) {
	if m.listener == nil {
		conn, err := net.DialTimeout("unix", m.address, meetLimit)
		if err != nil {
			return nil, err
		}
		return conn.(*net.UnixConn), nil
	}
	if err := m.listener.SetDeadline(time.Now().Add(meetLimit)); err != nil {
		return nil, err
	}
	return m.listener.AcceptUnix()
}

func (m *meeting) close() error {
	if m.listener == nil {
		return nil
	}
	return m.listener.Close()
}

// bytesCoding writes messages of one size as they are.
type bytesCoding struct {
	reader  io.Reader
	writer  io.Writer
	buffer  *bufio.Writer // nil: nothing is held back
	in, out []byte
}

func (c *bytesCoding) put(number uint64, n int) error {
	for i := range n {
		stamp(c.out, number+uint64(i))
		if _, err := c.writer.Write(c.out); err != nil {
			return err
		}
	}
	return nil
}

func (c *bytesCoding) flush() error {
	if c.buffer == nil {
		return nil
	}
	return c.buffer.Flush()
}

func (c *bytesCoding) take(t *tally) error {
	for {
		if _, err := io.ReadFull(c.reader, c.in); err != nil {
			return err
		}
		if err := t.take(read(c.in)); err != nil {
			return err
		}
	}
}

// openUnix opens one end of a Unix socket.
func openUnix(e *end) (carrier, error) { return newWire(e, connectUnix, newBytesCoding(e)) }

func newBytesCoding(e *end) func(io.ReadWriter) coding {
	size := e.plan.Options.Size
	return func(conn io.ReadWriter) coding {
		return &bytesCoding{reader: conn, writer: conn, in: make([]byte, size), out: make([]byte, size)}
	}
}

func connectUnix(m *meeting) (connection, error) { return m.connect() }

// openBuffered opens one end of a Unix socket with buffered input and output.
func openBuffered(e *end) (carrier, error) {
	size := e.plan.Options.Size
	return newWire(e, connectUnix, func(conn io.ReadWriter) coding {
		buffer := bufio.NewWriterSize(conn, bufferSize)
		return &bytesCoding{
			reader: bufio.NewReaderSize(conn, bufferSize), writer: buffer, buffer: buffer,
			in: make([]byte, size), out: make([]byte, size),
		}
	})
}
