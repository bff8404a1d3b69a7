package bench

import (
	"time"

	"github.com/ringmaster-ipc/ringmaster/bench/floor"
)

// runFloor is this process's part of the floor.
func (e *end) runFloor(c command, r *report) error {
	starts := e.part.starts()
	record := func(nanos int64) { _ = e.latency.RecordValue(max(nanos, 1)) } // beyond the scale it is left out
	switch e.plan.Floor {
	case floorPing:
		if starts {
			return e.memory.Ping(c.Duration, c.Limit, record)
		}
		return e.memory.Pong(c.Limit)
	case floorSleep:
		if starts {
			return e.memory.PingSleep(c.Duration, c.Limit, record)
		}
		return e.memory.PongSleep(c.Limit)
	case floorPace:
		interval, n := e.plan.interval(c.Duration)
		pace := floor.Pace{Interval: interval, Count: n}
		if starts {
			return e.memory.Tick(pace, e.clock.now, c.Limit)
		}
		return e.memory.Watch(pace, e.clock.now, c.Limit, func(nanos int64) {
			record(nanos)
			e.garbage.make()
		})
	case floorGob:
		return e.gobFloor(c.Duration, r)
	}
	return e.streamFloor(c, r)
}

// gobFloor encodes and decodes in the first process; the others rest.
func (e *end) gobFloor(duration time.Duration, r *report) error {
	if e.plan.Index > 0 {
		return nil
	}
	encode, decode, err := floor.Gob(newGobMessage(1), duration)
	r.Rate = min(encode, decode)
	return err
}

// streamFloor has every process do with bare rings what it does with messages.
func (e *end) streamFloor(c command, r *report) (err error) {
	var ins, outs []*floor.Ring
	for _, from := range e.part.Ins {
		ins = append(ins, e.memory.Ring(e.plan.ring(from, e.plan.Index)))
	}
	for _, to := range e.part.Outs {
		outs = append(outs, e.memory.Ring(e.plan.ring(e.plan.Index, to)))
	}
	switch {
	case e.part.Kind == partIdle:
	case len(ins) == 0:
		r.Sent, err = floor.Feed(outs, e.plan.Floor == floorBatch, c.Duration, c.Limit)
	case len(outs) == 0:
		r.Received, err = floor.Drain(ins, c.Limit)
	default:
		_, err = floor.Relay(ins[0], outs[0], c.Limit)
	}
	return err
}
