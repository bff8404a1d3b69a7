package main

import (
	"fmt"
	"io"
	"os"

	"gvisor.dev/gvisor/pkg/flipcall"
)

var flipCall = peer{
	name:    "flipcall",
	version: func() string { return moduleVersion("gvisor.dev/gvisor") },
	options: "one packet window in shared memory, filled and read in place; each message is a call, one way with an empty reply",
	serve:   serveFlipcall,
	dial:    dialFlipcall,
}

// flipcallEnd is one end, and the window's memory where this process made it.
type flipcallEnd struct {
	endpoint flipcall.Endpoint
	windows  *flipcall.PacketWindowAllocator
	file     *os.File
}

func (e *flipcallEnd) Close() error {
	e.endpoint.Shutdown()
	if e.windows != nil {
		e.windows.Destroy()
	}
	if e.file != nil {
		return e.file.Close()
	}
	return nil
}

func serveFlipcall(j job, handle func([]byte) []byte) (string, io.Closer, error) {
	windows, err := flipcall.NewPacketWindowAllocator()
	if err != nil {
		return "", nil, err
	}
	window, err := windows.Allocate(flipcall.PacketWindowLengthForDataCap(uint32(j.Size)))
	if err != nil {
		return "", nil, err
	}
	e := &flipcallEnd{windows: windows}
	if err := e.endpoint.Init(flipcall.ServerSide, window); err != nil {
		return "", nil, err
	}
	go func() {
		n, err := e.endpoint.RecvFirst()
		for err == nil {
			reply := handle(e.endpoint.Data()[:n]) // an echo is in place already
			n, err = e.endpoint.SendRecv(uint32(len(reply)))
		}
	}()
	// A user would pass the descriptor; /proc does the same for a test.
	return fmt.Sprintf("/proc/%d/fd/%d %d %d", os.Getpid(), window.FD, window.Offset, window.Length), e, nil
}

func dialFlipcall(_ job, address string) (client, error) {
	var path string
	var window flipcall.PacketWindowDescriptor
	if _, err := fmt.Sscan(address, &path, &window.Offset, &window.Length); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	window.FD = int(file.Fd())
	c := &flipcallClient{flipcallEnd{file: file}}
	if err := c.endpoint.Init(flipcall.ClientSide, window); err != nil {
		return nil, err
	}
	return c, c.endpoint.Connect()
}

type flipcallClient struct{ flipcallEnd }

// Claim returns the packet window, which this end owns between calls.
func (c *flipcallClient) Claim(n int) []byte { return c.endpoint.Data()[:n] }

func (c *flipcallClient) Call(message []byte) ([]byte, error) {
	n, err := c.endpoint.SendRecv(uint32(len(message)))
	if err != nil {
		return nil, err
	}
	return c.endpoint.Data()[:n], nil
}

func (c *flipcallClient) Send(message []byte) error {
	_, err := c.Call(message)
	return err
}

func (c *flipcallClient) Flush() error { return nil }
