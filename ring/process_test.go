package ring

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
)

const (
	waitVariable  = "RINGMASTER_RING_TEST_WAIT"
	countVariable = "RINGMASTER_RING_TEST_COUNT"
)

// childPort returns side 1 with the strategy that the parent asked for, and the
// number of records it wants.
func childPort(pair *Pair) (*Port, int, error) {
	wait, ok := ParseStrategy(os.Getenv(waitVariable))
	if !ok {
		return nil, 0, fmt.Errorf("no strategy %q", os.Getenv(waitVariable))
	}
	n, err := strconv.Atoi(os.Getenv(countVariable))
	if err != nil {
		return nil, 0, err
	}
	p, err := pair.Port(1, wait)
	return p, n, err
}

func childVariables(wait Strategy, n int) []string {
	return []string{waitVariable + "=" + wait.String(), countVariable + "=" + strconv.Itoa(n)}
}

func init() {
	children["echo"] = childEcho
	children["source"] = childSource
	children["sink"] = childSink
	children["sleeper"] = childSleeper
}

// childEcho sends back the records it gets, until it has sent as many as it was
// told.
func childEcho(pair *Pair) error {
	p, n, err := childPort(pair)
	if err != nil {
		return err
	}
	back, err := p.Open(0, 0)
	if err != nil {
		return err
	}
	return eachRecord(p, n, func(rec *Record) error { return sendWait(back, rec.Meta, rec.Payload) })
}

// eachRecord hands n records to handle, within patience between two.
func eachRecord(p *Port, n int, handle func(*Record) error) error {
	for last := time.Now(); n > 0; {
		k, err := p.Receive(All, handle)
		if err != nil {
			return err
		}
		if k > 0 {
			n -= k
			last = time.Now()
			continue
		}
		if time.Since(last) > patience {
			return fmt.Errorf("%d records are still to come after %v", n, patience)
		}
		p.WaitUntil(All, time.Second)
	}
	return nil
}

// childSource sends numbered records, 1 to 16 per publish.
func childSource(pair *Pair) error {
	p, n, err := childPort(pair)
	if err != nil {
		return err
	}
	s, err := p.Open(0, 0)
	if err != nil {
		return err
	}
	return sendNumbered(s, n, 16)
}

// childSink checks numbered records.
func childSink(pair *Pair) error {
	p, n, err := childPort(pair)
	if err != nil {
		return err
	}
	i := 0
	return eachRecord(p, n, func(rec *Record) error {
		if len(rec.Payload) != streamSize(i) || binary.LittleEndian.Uint64(rec.Payload) != uint64(i) {
			return fmt.Errorf("record %d has %d bytes", i, len(rec.Payload))
		}
		i++
		return nil
	})
}

// childSleeper takes one record and then waits for ever.
func childSleeper(pair *Pair) error {
	p, _, err := childPort(pair)
	if err != nil {
		return err
	}
	for {
		if _, err := p.Receive(All, func(*Record) error { return nil }); err != nil {
			return err
		}
		p.Wait(All)
	}
}

// needProcesses skips a test whose other process cannot be had.
func needProcesses(t testing.TB) {
	t.Helper()
	if emulated() {
		t.Skip("an emulated program cannot start itself: there is no other process")
	}
}

func TestPingPongBetweenProcesses(t *testing.T) {
	needProcesses(t)
	for _, wait := range waiting {
		t.Run(wait.String(), func(t *testing.T) {
			n := 20_000
			if wait == Block {
				n = 2_000
			}
			c := startChild(t, "echo", Geometry{}, childVariables(wait, n)...)
			p := c.port(wait)
			s := mustOpen(t, p, 1, 0)
			i := 0
			send := func() { mustSend(t, s, Meta{Type: uint16(i)}, binary.LittleEndian.AppendUint64(nil, uint64(i))) }
			send()
			err := eachRecord(p, n, func(rec *Record) error {
				if got := binary.LittleEndian.Uint64(rec.Payload); got != uint64(i) || rec.Type != uint16(i) {
					return fmt.Errorf("got %d of type %d, want %d", got, rec.Type, i)
				}
				if i++; i < n {
					send()
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			c.wait()
		})
	}
}

func TestAStreamFromAnotherProcessArrivesInOrder(t *testing.T) {
	needProcesses(t)
	for _, wait := range waiting {
		t.Run(wait.String(), func(t *testing.T) {
			n := streamLength(t)
			c := startChild(t, "source", small(2), childVariables(wait, n)...)
			i := 0
			err := eachRecord(c.port(wait), n, func(rec *Record) error {
				checkNumbered(t, rec.Payload, i)
				i++
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			c.wait()
		})
	}
}

func TestAStreamToAnotherProcessArrivesInOrder(t *testing.T) {
	needProcesses(t)
	for _, wait := range waiting {
		t.Run(wait.String(), func(t *testing.T) {
			n := streamLength(t)
			c := startChild(t, "sink", small(2), childVariables(wait, n)...)
			if err := sendNumbered(mustOpen(t, c.port(wait), 1, 0), n, 3); err != nil {
				t.Error(err)
			}
			c.wait()
		})
	}
}

// A sender that is killed has published whole records, all of which are found
// once its death is known, and nothing else.
func TestEverythingAKilledProcessPublishedIsDelivered(t *testing.T) {
	needProcesses(t)
	for round := range 20 {
		wait := waiting[round%len(waiting)]
		c := startChild(t, "source", small(2), childVariables(wait, 1<<40)...)
		p := c.port(wait)
		i := 0
		handle := func(rec *Record) error {
			checkNumbered(t, rec.Payload, i)
			i++
			return nil
		}
		if err := eachRecord(p, 1+round*571, handle); err != nil {
			t.Fatal(err)
		}
		if err := c.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = c.cmd.Wait()
		p.MarkDead(1)
		for {
			n, err := p.Receive(All, handle)
			if err != nil {
				t.Fatalf("after the death: %v", err)
			}
			if n == 0 {
				break
			}
		}
		in := p.senders[1*OutboxesPerSlot]
		if r := in.lanes[0]; r.tail.Load() != r.done.Load() {
			t.Fatalf("round %d: tail is %d, done %d", round, r.tail.Load(), r.done.Load())
		}
	}
}

func TestAnotherProcessSleepsAndIsWokenByOneCallAMessage(t *testing.T) {
	needProcesses(t)
	c := startChild(t, "sleeper", small(2), childVariables(Block, 0)...)
	p := c.port(Poll)
	s := mustOpen(t, p, 1, 0)
	bell := bellAt(p.bells, 1)
	for range 50 {
		eventually(t, "the other process is asleep", func() bool { return bell.mail.Load()&mailStateMask == mailAsleep })
		mustSend(t, s, Meta{}, nil)
		eventually(t, "it handles the record", func() bool { return s.Pending() == 0 })
	}
	if got := p.Wakes(); got > 50 {
		t.Errorf("%d wake calls for 50 messages", got)
	}
	if err := c.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
}
