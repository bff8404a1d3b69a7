package main

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// A file travels as []byte, so that it can be read from disk straight into the
// memory a parser scans: the time it was sent at, and the file.
//
//	8 bytes - ring.Now(), little-endian
//	rest    - contents
const stampSize = 8

// stamp writes the time of sending into a message.
func stamp(message []byte) { binary.LittleEndian.PutUint64(message, uint64(ring.Now())) }

// unstamp splits a message into the time of sending and the file.
func unstamp(message []byte) (sent int64, src []byte) {
	return int64(binary.LittleEndian.Uint64(message)), message[stampSize:]
}

// ownRead is a file that its parser is to read by itself.
type ownRead struct {
	Path string
	Sent int64 // ring.Now
}

// found says how many files the feeder has found, to who listens.
type found struct{ Files int64 }

// parsed says how many files a parser has been through so far, to who listens.
type parsed struct{ Files int64 }

// fed says to the parsers and the reducer that everything has been sent.
type fed struct {
	Sent       int64 // files
	Unreadable int64
}

// totals is what all counts add up to. The reducer hands the supervisor its own,
// after the whole table in parts, where -check wants it.
type totals struct {
	Files, Unreadable, Bytes, Identifiers int64
}

// tally is what a parser sends the reducer at its end, after its table in parts.
type tally struct {
	Totals  totals
	Latency *hdrhistogram.Snapshot // from send to handled
	Used    usage
}

// tell sends to everybody who listens, and that may be nobody.
func tell[T any](ctx context.Context, w *worker.Worker, message T) error {
	if _, err := worker.Send(ctx, w, worker.Listeners, message); err != nil && !errors.Is(err, worker.ErrNoListener) {
		return err
	}
	return nil
}
