package bench

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// duplex is a pipe in each direction.
type duplex struct {
	in, out *os.File
}

func (d *duplex) Read(p []byte) (int, error) { return d.in.Read(p) }

func (d *duplex) Write(p []byte) (int, error) { return d.out.Write(p) }

func (d *duplex) Close() error { return errors.Join(d.in.Close(), d.out.Close()) }

func (d *duplex) SetDeadline(t time.Time) error {
	return errors.Join(d.in.SetDeadline(t), d.out.SetDeadline(t))
}

// openPipe opens one end of two pipes.
func openPipe(e *end) (carrier, error) { return newWire(e, connectPipes, newBytesCoding(e)) }

// connectPipes makes the pipes in the end that answers. The other end, which a
// parent's child would inherit its files from, opens them through /proc.
func connectPipes(m *meeting) (connection, error) {
	conn, err := m.connect()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if m.listener == nil {
		var in, out string
		if _, err := fmt.Fscanln(conn, &in, &out); err != nil {
			return nil, err
		}
		d, err := openDuplex(in, out)
		if err != nil {
			return nil, err
		}
		_, err = fmt.Fprintln(conn, "open")
		return d, err
	}
	theirs, ours, err := newDuplexes()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	if _, err := fmt.Fprintln(conn, procPath(theirs.in), procPath(theirs.out)); err != nil {
		return nil, err
	}
	var answer string
	_, err = fmt.Fscanln(conn, &answer)
	return ours, err
}

// newDuplexes makes both ends.
func newDuplexes() (a, b *duplex, err error) {
	a, b = &duplex{}, &duplex{}
	if a.in, b.out, err = os.Pipe(); err != nil {
		return nil, nil, err
	}
	b.in, a.out, err = os.Pipe()
	return a, b, err
}

// procPath returns where other processes find an open file of this one.
func procPath(f *os.File) string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), f.Fd()) }

// openDuplex opens a reading and a writing end.
func openDuplex(in, out string) (d *duplex, err error) {
	d = &duplex{}
	if d.in, err = os.Open(in); err != nil {
		return nil, err
	}
	d.out, err = os.OpenFile(out, os.O_WRONLY, 0)
	return d, err
}
