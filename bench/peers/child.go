package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// fdNotes is where the server's notes are written and the client reads them.
const fdNotes = 3

// childLimit is how long a measured process may take besides the measuring.
const childLimit = 20 * time.Second

// note is what the server tells the client: first its address, then that a
// stream has warmed up, and its report when the client wants nothing more.
type note struct {
	Address string
	Report  *report
}

// report is what a server received and used.
type report struct {
	Messages, Numbers, Torn uint64
	Usage                   usage
}

// child is the life of a measured process.
func child(j job) error {
	p, err := findPeer(j.Peer)
	if err != nil {
		return err
	}
	time.AfterFunc(j.Duration+childLimit, func() { die(fmt.Sprintf("the %s took too long", j.Role)) })
	l := holdLeash()
	notes := os.NewFile(fdNotes, "notes")
	if notes == nil {
		return fmt.Errorf("%w: descriptor %d is not open", errUsage, fdNotes)
	}
	defer notes.Close()
	if j.Role == roleServer {
		return server(p, j, json.NewEncoder(notes), l)
	}
	s, err := measure(p, j, json.NewDecoder(notes))
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(s)
}

// leash is a measured process's standard input. The process that started it
// holds the other end, so that it ends when it is told to or its starter dies.
type leash struct {
	orderly atomic.Bool   // its end no longer ends this process
	ended   chan struct{} // closed then
}

// holdLeash begins to watch the leash.
func holdLeash() *leash {
	l := &leash{ended: make(chan struct{})}
	go func() {
		io.Copy(io.Discard, os.Stdin)
		if !l.orderly.Load() {
			die("told to end")
		}
		close(l.ended)
	}()
	return l
}

func die(reason string) {
	fmt.Fprintln(os.Stderr, "ringmaster-peers:", reason)
	os.Exit(1)
}

// server serves until the last message has come.
func server(p peer, j job, notes *json.Encoder, l *leash) error {
	var t tally
	warm, over := make(chan struct{}), make(chan struct{})
	handle := func(message []byte) []byte {
		switch t.add(message) {
		case warmNumber:
			close(warm)
		case lastNumber:
			close(over)
		}
		if j.oneWay() {
			return nil
		}
		return message
	}
	address, end, err := p.serve(j, handle)
	if err != nil {
		return fmt.Errorf("%s: serve: %w", p.name, err)
	}
	m, err := newMeter()
	if err != nil {
		return err
	}
	if err := notes.Encode(note{Address: address}); err != nil {
		return fmt.Errorf("peers: the client is gone: %w", err)
	}
	// These last until they happen, or until the process's time limit.
	if j.oneWay() {
		<-warm
		if err := notes.Encode(note{}); err != nil {
			return fmt.Errorf("peers: the client is gone: %w", err)
		}
	}
	<-over
	used, err := m.read()
	if err != nil {
		return err
	}
	r := report{Messages: t.messages.Load(), Numbers: t.numbers.Load(), Torn: t.torn.Load(), Usage: used}
	l.orderly.Store(true)
	if err := notes.Encode(note{Report: &r}); err != nil {
		return fmt.Errorf("peers: the client is gone: %w", err)
	}
	<-l.ended // the client closes first: the last reply must not be cut off
	return end.Close()
}
