package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// clockEvery is how many small messages go out between two looks at the clock:
// a look costs as much as sending one does where that is cheap.
const clockEvery = 16

// largeSize is the size from which the clock is looked at for every message.
const largeSize = 4 << 10

// measure is the client's part of a run.
func measure(p peer, j job, notes *json.Decoder) (sample, error) {
	var ready, end note
	if err := notes.Decode(&ready); err != nil {
		return sample{}, fmt.Errorf("peers: the server is gone: %w", err)
	}
	c, err := p.dial(j, ready.Address)
	if err != nil {
		return sample{}, fmt.Errorf("%s: dial %s: %w", p.name, ready.Address, err)
	}
	defer c.Close()
	m, err := newMeter()
	if err != nil {
		return sample{}, err
	}
	run := roundTrips
	if j.oneWay() {
		run = stream
	}
	s, sent, err := run(c, j, func() error { return notes.Decode(&end) })
	if err != nil {
		return sample{}, fmt.Errorf("%s: %w", p.name, err)
	}
	if end.Report == nil {
		return sample{}, fmt.Errorf("%w: the server gave no report", errProcess)
	}
	if err := end.Report.check(sent); err != nil {
		return sample{}, fmt.Errorf("%s: %w", p.name, err)
	}
	s.Usage[0], err = m.read()
	s.Usage[1] = end.Report.Usage
	return s, err
}

// roundTrips sends a message and waits for its return, again and again. The
// first tenth of the time is not counted.
func roundTrips(c client, j job, heard func() error) (s sample, sent uint64, err error) {
	h := newHistogram()
	want := make([]byte, j.Size)
	begin := time.Now()
	counted := begin.Add(j.Duration / 10)
	deadline := counted.Add(j.Duration)
	for before := begin; before.Before(deadline); sent++ {
		message := c.Claim(j.Size)
		fill(message, sent)
		reply, err := c.Call(message)
		if err != nil {
			return s, sent, err
		}
		after := time.Now()
		if fill(want, sent); !bytes.Equal(reply, want) {
			return s, sent, fmt.Errorf("%w: the reply to message %d is not that message", errDamaged, sent)
		}
		if !before.Before(counted) {
			h.RecordValue(int64(after.Sub(before)))
		}
		before = time.Now()
	}
	s.Messages, s.Elapsed = h.TotalCount(), time.Since(counted)
	if s.Messages == 0 {
		return s, sent, fmt.Errorf("%w: no round trip in %v", errProcess, j.Duration)
	}
	if s.Latency, err = encode(h); err != nil {
		return s, sent, err
	}
	return s, sent, last(c, j, heard)
}

// stream sends messages until the time is up, and counts the time until the
// server has handled the last of them. A fifth of the time goes before: gRPC,
// for one, finds out meanwhile how much to have on its way.
func stream(c client, j job, heard func() error) (s sample, sent uint64, err error) {
	if err := send(c, j.Size, &sent, time.Now().Add(j.Duration/5)); err != nil {
		return s, sent, err
	}
	if err := tell(c, j, warmNumber); err != nil {
		return s, sent, err
	}
	if err := heard(); err != nil {
		return s, sent, fmt.Errorf("peers: the server is gone: %w", err)
	}
	begin, warm := time.Now(), sent
	if err := send(c, j.Size, &sent, begin.Add(j.Duration)); err != nil {
		return s, sent, err
	}
	if err := last(c, j, heard); err != nil {
		return s, sent, err
	}
	s.Messages, s.Elapsed = int64(sent-warm), time.Since(begin)
	return s, sent, nil
}

// send sends messages until the deadline, one at least, and counts them in sent.
func send(c client, size int, sent *uint64, deadline time.Time) error {
	look := uint64(clockEvery)
	if size >= largeSize {
		look = 1
	}
	for {
		for range look {
			message := c.Claim(size)
			fill(message, *sent)
			if err := c.Send(message); err != nil {
				return err
			}
			*sent++
		}
		if !time.Now().Before(deadline) {
			return nil
		}
	}
}

// tell sends a number that says something, after all messages before it.
func tell(c client, j job, number uint64) error {
	if err := c.Flush(); err != nil {
		return err
	}
	message := c.Claim(j.Size)
	fill(message, number)
	if !j.oneWay() {
		_, err := c.Call(message)
		return err
	}
	if err := c.Send(message); err != nil {
		return err
	}
	return c.Flush()
}

// last tells the server that there is no more, and waits for its report.
func last(c client, j job, heard func() error) error {
	if err := tell(c, j, lastNumber); err != nil {
		return err
	}
	if err := heard(); err != nil {
		return fmt.Errorf("peers: the server's report: %w", err)
	}
	return nil
}
