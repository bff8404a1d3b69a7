//go:build zmq

package main

import (
	"fmt"
	"io"

	"github.com/pebbe/zmq4"
)

var zeroMQ = peer{
	name: "zeromq",
	version: func() string {
		major, minor, patch := zmq4.Version()
		return fmt.Sprintf("libzmq %d.%d.%d, %s", major, minor, patch, moduleVersion("github.com/pebbe/zmq4"))
	},
	options: "ipc://, one I/O thread; REQ and REP for round trips, PUSH and PULL one way, high-water mark 1000 or 64 MiB",
	serve:   serveZeroMQ,
	dial:    dialZeroMQ,
}

// zeroMQWaterMark is libzmq's default, in messages.
const zeroMQWaterMark = 1000

// newZeroMQ returns a socket of the first type for round trips, of the second
// for one way.
func newZeroMQ(j job, round, oneWay zmq4.Type) (*zmq4.Socket, error) {
	kind := round
	if j.oneWay() {
		kind = oneWay
	}
	socket, err := zmq4.NewSocket(kind)
	if err != nil {
		return nil, err
	}
	if err := socket.SetSndhwm(j.inFlight(zeroMQWaterMark)); err != nil {
		return nil, err
	}
	return socket, socket.SetRcvhwm(j.inFlight(zeroMQWaterMark))
}

// zeroMQServer is closed by the end of its process: a socket belongs to one
// thread, and that of the server waits in it.
type zeroMQServer struct{}

func (zeroMQServer) Close() error { return nil }

func serveZeroMQ(j job, handle func([]byte) []byte) (string, io.Closer, error) {
	socket, err := newZeroMQ(j, zmq4.REP, zmq4.PULL)
	if err != nil {
		return "", nil, err
	}
	address := "ipc://@" + j.Name
	if err := socket.Bind(address); err != nil {
		return "", nil, err
	}
	go func() {
		for {
			message, err := socket.RecvBytes(0)
			if err != nil {
				die(err.Error())
			}
			reply := handle(message)
			if j.oneWay() {
				continue
			}
			if _, err := socket.SendBytes(reply, 0); err != nil {
				die(err.Error())
			}
		}
	}()
	return address, zeroMQServer{}, nil
}

func dialZeroMQ(j job, address string) (client, error) {
	socket, err := newZeroMQ(j, zmq4.REQ, zmq4.PUSH)
	if err != nil {
		return nil, err
	}
	return &zeroMQClient{socket: socket}, socket.Connect(address)
}

type zeroMQClient struct {
	scratch
	socket *zmq4.Socket
}

func (c *zeroMQClient) Call(message []byte) ([]byte, error) {
	if err := c.Send(message); err != nil {
		return nil, err
	}
	return c.socket.RecvBytes(0)
}

// Send has copied the message when it returns.
func (c *zeroMQClient) Send(message []byte) error {
	_, err := c.socket.SendBytes(message, 0)
	return err
}

func (c *zeroMQClient) Flush() error { return nil }

func (c *zeroMQClient) Close() error { return c.socket.Close() }
