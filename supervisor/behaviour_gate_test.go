package supervisor

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// gate is where processes without shared memory say who they are, and wait until
// the test lets them through.
type gate struct{ listener net.Listener }

func openGate(t *testing.T) *gate {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return &gate{listener}
}

func (g *gate) address() string { return g.listener.Addr().String() }

// guest is one process that waits at a gate.
type guest struct {
	pid  int
	line string // what else it says of itself
	conn net.Conn
}

// admit waits for the next process.
func (g *gate) admit(t *testing.T) *guest {
	t.Helper()
	g.listener.(*net.TCPListener).SetDeadline(time.Now().Add(stageLimit))
	conn, err := g.listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(stageLimit))
	v := &guest{conn: conn}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(line, "%d %q", &v.pid, &v.line); err != nil {
		t.Fatalf("a guest says %q: %v", line, err)
	}
	return v
}

// release lets the process go on.
func (v *guest) release() { v.conn.Close() }

// knock is the worker's side: it connects to the gate and says who is there.
func knock(address, line string) (*net.TCPConn, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintf(conn, "%d %q\n", os.Getpid(), line)
	return conn.(*net.TCPConn), err
}

// pass waits at the gate until the test lets this process through.
func pass(address, line string) error {
	conn, err := knock(address, line)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = io.Copy(io.Discard, conn)
	return err
}
