package main

import (
	"context"
	"io"

	"github.com/go-zeromq/zmq4"
)

var goZeroMQ = peer{
	name:    "go-zeromq",
	version: func() string { return moduleVersion("github.com/go-zeromq/zmq4") },
	options: "ipc://; REQ and REP for round trips, PUSH and PULL one way",
	serve:   serveGoZeroMQ,
	dial:    dialGoZeroMQ,
}

func serveGoZeroMQ(j job, handle func([]byte) []byte) (string, io.Closer, error) {
	newSocket := zmq4.NewRep
	if j.oneWay() {
		newSocket = zmq4.NewPull
	}
	socket := newSocket(context.Background())
	address := "ipc://@" + j.Name
	if err := socket.Listen(address); err != nil {
		return "", nil, err
	}
	go func() {
		for {
			message, err := socket.Recv()
			if err != nil {
				return // closed
			}
			reply := handle(message.Bytes())
			if j.oneWay() {
				continue
			}
			if err := socket.Send(zmq4.NewMsg(reply)); err != nil {
				return
			}
		}
	}()
	return address, socket, nil
}

func dialGoZeroMQ(j job, address string) (client, error) {
	newSocket := zmq4.NewReq
	if j.oneWay() {
		newSocket = zmq4.NewPush
	}
	socket := newSocket(context.Background())
	if err := socket.Dial(address); err != nil {
		return nil, err
	}
	return &goZeroMQClient{socket: socket}, nil
}

type goZeroMQClient struct {
	scratch
	socket zmq4.Socket
}

func (c *goZeroMQClient) Call(message []byte) ([]byte, error) {
	if err := c.Send(message); err != nil {
		return nil, err
	}
	reply, err := c.socket.Recv()
	return reply.Bytes(), err
}

// Send has written the message to the socket when it returns.
func (c *goZeroMQClient) Send(message []byte) error { return c.socket.Send(zmq4.NewMsg(message)) }

func (c *goZeroMQClient) Flush() error { return nil }

func (c *goZeroMQClient) Close() error { return c.socket.Close() }
