package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const grpcModule = "google.golang.org/grpc"

// grpcWindow is how many unary calls are in flight in a stream of them.
const grpcWindow = 64

// dialLimit is how long a connection may take.
const dialLimit = 5 * time.Second

var grpcUnary = peer{
	name:    "grpc-unary",
	version: func() string { return moduleVersion(grpcModule) },
	options: "Unix socket, insecure credentials, wrapperspb.BytesValue; one way: up to 64 concurrent calls with empty replies",
	serve:   serveGRPC,
	dial: func(j job, address string) (client, error) {
		conn, err := dialGRPC(address)
		if err != nil {
			return nil, err
		}
		return &unaryClient{conn: conn, window: make(chan struct{}, j.inFlight(grpcWindow))}, nil
	},
}

var grpcStream = peer{
	name:    "grpc-stream",
	version: func() string { return moduleVersion(grpcModule) },
	options: "Unix socket, insecure credentials, wrapperspb.BytesValue; round trips on one two-way stream, one way on one client stream",
	serve:   serveGRPC,
	dial: func(j job, address string) (client, error) {
		conn, err := dialGRPC(address)
		if err != nil {
			return nil, err
		}
		description := &grpc.StreamDesc{StreamName: "Echo", ClientStreams: true, ServerStreams: true}
		if j.oneWay() {
			description = &grpc.StreamDesc{StreamName: "Sink", ClientStreams: true}
		}
		stream, err := conn.NewStream(context.Background(), description, methodPrefix+description.StreamName)
		return &streamClient{conn: conn, stream: stream}, err
	},
}

// The service, as the protocol compiler would generate it: one unary method and
// two streams, all of BytesValue.
const (
	serviceName  = "ringmaster.Peers"
	methodPrefix = "/" + serviceName + "/"
)

// receiver handles messages.
type receiver interface{ receive(message []byte) []byte }

type receiverFunc func([]byte) []byte

func (f receiverFunc) receive(message []byte) []byte { return f(message) }

var service = grpc.ServiceDesc{
	ServiceName: serviceName,
	HandlerType: (*receiver)(nil),
	Methods:     []grpc.MethodDesc{{MethodName: "Call", Handler: call}},
	Streams: []grpc.StreamDesc{
		{StreamName: "Echo", Handler: echo, ClientStreams: true, ServerStreams: true},
		{StreamName: "Sink", Handler: sink, ClientStreams: true},
	},
}

func call(srv any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	var message wrapperspb.BytesValue
	if err := decode(&message); err != nil {
		return nil, err
	}
	return &wrapperspb.BytesValue{Value: srv.(receiver).receive(message.GetValue())}, nil
}

func echo(srv any, stream grpc.ServerStream) error {
	for {
		var message wrapperspb.BytesValue
		if err := stream.RecvMsg(&message); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		reply := wrapperspb.BytesValue{Value: srv.(receiver).receive(message.GetValue())}
		if err := stream.SendMsg(&reply); err != nil {
			return err
		}
	}
}

func sink(srv any, stream grpc.ServerStream) error {
	for {
		var message wrapperspb.BytesValue
		if err := stream.RecvMsg(&message); err == io.EOF {
			return stream.SendMsg(&wrapperspb.BytesValue{})
		} else if err != nil {
			return err
		}
		srv.(receiver).receive(message.GetValue())
	}
}

// grpcServer closes a server.
type grpcServer struct{ *grpc.Server }

func (s grpcServer) Close() error {
	s.Stop()
	return nil
}

func serveGRPC(j job, handle func([]byte) []byte) (string, io.Closer, error) {
	listener, err := net.Listen("unix", "@"+j.Name)
	if err != nil {
		return "", nil, err
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(2 * sizeMax))
	server.RegisterService(&service, receiverFunc(handle))
	go server.Serve(listener) // ends with Stop
	return "unix-abstract:" + j.Name, grpcServer{server}, nil
}

// dialGRPC returns a connection that is established.
func dialGRPC(address string) (*grpc.ClientConn, error) {
	conn, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(2*sizeMax)))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), dialLimit)
	defer cancel()
	conn.Connect()
	for state := conn.GetState(); state != connectivity.Ready; state = conn.GetState() {
		if !conn.WaitForStateChange(ctx, state) {
			conn.Close()
			return nil, fmt.Errorf("%w: the connection is %v after %v", errProcess, state, dialLimit)
		}
	}
	return conn, nil
}

// unaryClient makes one call per message.
type unaryClient struct {
	conn   *grpc.ClientConn
	window chan struct{} // has an element per call in flight

	mu     sync.Mutex
	failed error // the first failure of a call in flight
}

// Claim returns fresh memory: calls in flight hold theirs.
func (c *unaryClient) Claim(n int) []byte { return make([]byte, n) }

func (c *unaryClient) Call(message []byte) ([]byte, error) {
	var reply wrapperspb.BytesValue
	err := c.conn.Invoke(context.Background(), methodPrefix+"Call", &wrapperspb.BytesValue{Value: message}, &reply)
	return reply.GetValue(), err
}

func (c *unaryClient) Send(message []byte) error {
	c.window <- struct{}{}
	go func() {
		defer func() { <-c.window }()
		if _, err := c.Call(message); err != nil {
			c.fail(err)
		}
	}()
	return c.failure()
}

func (c *unaryClient) Flush() error {
	for range cap(c.window) {
		c.window <- struct{}{}
	}
	for range cap(c.window) {
		<-c.window
	}
	return c.failure()
}

func (c *unaryClient) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed == nil {
		c.failed = err
	}
}

func (c *unaryClient) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failed
}

func (c *unaryClient) Close() error { return c.conn.Close() }

// streamClient sends all messages on one stream.
type streamClient struct {
	scratch
	conn    *grpc.ClientConn
	stream  grpc.ClientStream
	message wrapperspb.BytesValue
}

func (c *streamClient) Call(message []byte) ([]byte, error) {
	if err := c.Send(message); err != nil {
		return nil, err
	}
	var reply wrapperspb.BytesValue
	err := c.stream.RecvMsg(&reply)
	return reply.GetValue(), err
}

func (c *streamClient) Send(message []byte) error {
	c.message.Value = message
	return c.stream.SendMsg(&c.message) // has encoded it when it returns
}

func (c *streamClient) Flush() error { return nil }

func (c *streamClient) Close() error { return c.conn.Close() }
