package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"sync/atomic"
)

// A message is its number in 8 bytes, little-endian, and then bytes that all
// have the number's lowest byte as their value.
const numberSize = 8

// Numbers of messages that are none.
const (
	lastNumber = ^uint64(0)     // there is no more
	warmNumber = lastNumber - 1 // from here on it counts
)

// fill writes message number n, every byte of it. Doubling copies are as fast
// as the machine fills memory.
func fill(message []byte, n uint64) {
	binary.LittleEndian.PutUint64(message, n)
	body := message[numberSize:]
	if len(body) == 0 {
		return
	}
	body[0] = byte(n)
	for done := 1; done < len(body); done *= 2 {
		copy(body[done:], body[:done])
	}
}

// intact reads every byte of a message and reports whether it is as filled.
func intact(message []byte) bool {
	if len(message) < numberSize {
		return false
	}
	body := message[numberSize:]
	return bytes.Count(body, message[:1]) == len(body)
}

// tally counts what a server has received. Peers may add from several
// goroutines, in any order.
type tally struct{ messages, numbers, torn atomic.Uint64 }

// add counts one message and returns its number, 0 for a damaged one.
func (t *tally) add(message []byte) (number uint64) {
	if !intact(message) {
		t.torn.Add(1)
		return 0
	}
	n := binary.LittleEndian.Uint64(message)
	if n < warmNumber {
		t.messages.Add(1)
		t.numbers.Add(n)
	}
	return n
}

// check reports whether all of the messages 0, 1, … sent-1 came, each once as
// far as their sum can tell.
func (r report) check(sent uint64) error {
	if want := sent * (sent - 1) / 2; r.Torn != 0 || r.Messages != sent || r.Numbers != want {
		return fmt.Errorf("%w: sent %d messages, %d arrived intact and %d damaged (sum of numbers %d, want %d)",
			errDamaged, sent, r.Messages, r.Torn, r.Numbers, want)
	}
	return nil
}
