package bench

import (
	"context"
	"errors"
	"fmt"
	"net/rpc"

	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// rpcName is what the service is called.
const rpcName = "Bench"

// rpcWindow is how many calls of a stream may be in flight.
const rpcWindow = 64

// openRPC opens one end of net/rpc over a Unix socket.
func openRPC(e *end) (carrier, error) {
	if e.plan.Options.Codec == CodecGob {
		return newRPC(e, structLetters())
	}
	return newRPC(e, bytesLetters(e.plan.Options.Size))
}

func newRPC[T any](e *end, l letter[T]) (carrier, error) {
	m, err := e.meet()
	if err != nil {
		return nil, err
	}
	if e.part.starts() {
		return &rpcClient[T]{meeting: m, letter: l, index: e.plan.Index, round: e.plan.latency(), done: make(chan *rpc.Call, rpcWindow)}, nil
	}
	return newRPCServer(m, l)
}

// rpcClient makes one call per message.
type rpcClient[T any] struct {
	meeting *meeting
	client  *rpc.Client // nil: not connected
	letter  letter[T]
	index   int  // of this process
	round   bool // replies are wanted, one by one

	out, reply T
	done       chan *rpc.Call
	flying     int // calls in flight
}

// send implements source.
func (c *rpcClient[T]) send(_ context.Context, count uint64, n int) error {
	if c.client == nil {
		conn, err := c.meeting.connect()
		if err != nil {
			return err
		}
		c.client = rpc.NewClient(conn)
	}
	for i := range n {
		c.letter.write(&c.out, number(c.index, count+uint64(i)))
		if err := c.call(); err != nil {
			return err
		}
	}
	return nil
}

// call sends the message in c.out, and waits for the reply to a round trip.
func (c *rpcClient[T]) call() error {
	if c.round {
		c.letter.clear(&c.reply)
		return c.client.Call(rpcName+".Echo", c.out, &c.reply)
	}
	if c.flying == rpcWindow {
		if err := c.land(1); err != nil {
			return err
		}
	}
	c.client.Go(rpcName+".Put", c.out, &struct{}{}, c.done) // c.out is encoded when it returns
	c.flying++
	return nil
}

// land waits for n calls.
func (c *rpcClient[T]) land(n int) error {
	for range n {
		call := <-c.done
		c.flying--
		if call.Error != nil {
			return call.Error
		}
	}
	return nil
}

// end implements source. The last message comes after all others.
func (c *rpcClient[T]) end(context.Context) error {
	if err := c.land(c.flying); err != nil {
		return err
	}
	c.letter.write(&c.out, number(c.index, endCount))
	if err := c.call(); err != nil {
		return err
	}
	return c.land(c.flying)
}

// flush implements source.
func (c *rpcClient[T]) flush(context.Context) error { return nil }

// receive implements carrier. What it receives are replies.
func (c *rpcClient[T]) receive(_ context.Context, t *tally) error {
	for {
		if err := t.take(c.letter.read(c.reply)); errors.Is(err, worker.Stop) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// close implements carrier.
func (c *rpcClient[T]) close() error {
	if c.client == nil {
		return nil
	}
	return c.client.Close()
}

// rpcServer is the end that is called. It sends nothing but replies.
type rpcServer[T any] struct {
	meeting *meeting
	letter  letter[T]
	tallies chan *tally // has the tally of the run that is under way, while nobody uses it
	over    chan error  // the run is

	numbers uint64 // sum of those of a stream, guarded like the tally
}

func newRPCServer[T any](m *meeting, l letter[T]) (carrier, error) {
	s := &rpcServer[T]{meeting: m, letter: l, tallies: make(chan *tally, 1), over: make(chan error, 1)}
	server := rpc.NewServer()
	if err := server.RegisterName(rpcName, &rpcService[T]{s}); err != nil {
		return nil, err
	}
	go func() {
		if conn, err := m.listener.Accept(); err == nil {
			server.ServeConn(conn) // until the client closes
		}
	}()
	return s, nil
}

func (s *rpcServer[T]) send(context.Context, uint64, int) error { return nil }

func (s *rpcServer[T]) end(context.Context) error { return nil }

func (s *rpcServer[T]) flush(context.Context) error { return nil }

// receive implements carrier.
func (s *rpcServer[T]) receive(ctx context.Context, t *tally) error {
	s.numbers = 0
	s.tallies <- t
	select {
	case err := <-s.over:
		<-s.tallies
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *rpcServer[T]) close() error { return s.meeting.close() }

// use has f look at the tally, one call at a time.
func (s *rpcServer[T]) use(f func(t *tally) error) error {
	t := <-s.tallies
	err := f(t)
	s.tallies <- t
	switch {
	case errors.Is(err, worker.Stop):
		s.over <- nil
		return nil
	case err != nil:
		select {
		case s.over <- err:
		default: // one error ends the run
		}
	}
	return err
}

// rpcService has the methods that are called, and none besides.
type rpcService[T any] struct{ server *rpcServer[T] }

// Echo replies with the message.
func (s *rpcService[T]) Echo(v T, reply *T) error {
	*reply = v
	return s.server.use(func(t *tally) error { return t.take(s.server.letter.read(v)) })
}

// Put replies with nothing. Calls in flight are handled in any order.
func (s *rpcService[T]) Put(v T, _ *struct{}) error {
	return s.server.use(func(t *tally) error { return s.server.count(t, v) })
}

// count notes a message of a stream, and sees at its end that all came.
func (s *rpcServer[T]) count(t *tally, v T) error {
	n, intact := s.letter.read(v)
	count := n & endCount
	if !intact {
		return fmt.Errorf("%w: number %d is not what was written", ErrDamaged, count)
	}
	if count != endCount {
		t.count++
		s.numbers += count
		return nil
	}
	t.end = ring.Now()
	if want := uint64(t.count) * uint64(t.count-1) / 2; s.numbers != want {
		return fmt.Errorf("%w: the numbers of %d messages have the sum %d, want %d", ErrDamaged, t.count, s.numbers, want)
	}
	return worker.Stop
}
