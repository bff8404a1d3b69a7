package proc

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// outputWaitMax is how long after a process's death its output may stay open.
// Descendants hold it open that have inherited it and live on; what the process
// itself has written is in the pipe already and is read in any case.
const outputWaitMax = 100 * time.Millisecond

// stdio is the standard input and output of one process, both ends.
type stdio struct {
	null    *os.File // standard input, and output that is discarded
	streams [2]stream
}

// stream is standard output or standard error. Its files are nil if the output
// is discarded.
type stream struct {
	read, write *os.File
	lines       lineWriter
}

// openStdio opens the files that c needs.
func openStdio(c *Command) (*stdio, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	s := &stdio{null: null}
	for i, emit := range []LineFunc{c.Stdout, c.Stderr} {
		if emit == nil {
			continue
		}
		read, write, err := os.Pipe()
		if err != nil {
			s.closeChild()
			s.closeParent()
			return nil, err
		}
		s.streams[i] = stream{read: read, write: write, lines: lineWriter{emit: emit}}
	}
	return s, nil
}

// child returns the files for descriptors 0, 1 and 2 of the process.
func (s *stdio) child() []*os.File {
	files := []*os.File{s.null, s.null, s.null}
	for i := range s.streams {
		if write := s.streams[i].write; write != nil {
			files[1+i] = write
		}
	}
	return files
}

// closeChild closes the ends that belong to the process: it has its own copies.
func (s *stdio) closeChild() {
	s.null.Close()
	for i := range s.streams {
		s.streams[i].write.Close() // a nil file returns an error, no more
	}
}

// closeParent closes the ends that are read here, if nobody reads them.
func (s *stdio) closeParent() {
	for i := range s.streams {
		s.streams[i].read.Close()
	}
}

// pass starts to pass the output on, by goroutines that readers counts.
func (s *stdio) pass(readers *sync.WaitGroup) {
	for i := range s.streams {
		if s.streams[i].read != nil {
			readers.Go(s.streams[i].pass)
		}
	}
}

// expire ends the passing on at the latest when outputWaitMax has gone by.
func (s *stdio) expire() {
	deadline := time.Now().Add(outputWaitMax)
	for i := range s.streams {
		s.streams[i].read.SetReadDeadline(deadline)
	}
}

// pass reads the stream until its end or until it expires.
func (s *stream) pass() {
	defer s.read.Close()
	_, err := io.Copy(&s.lines, s.read)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		s.drain()
	}
	s.lines.flush()
}

// drain passes on what is in the pipe now, and no more than that: the process
// is dead, so all its output is there, however slow the LineFunc has been; a
// descendant that goes on writing cannot make it longer.
func (s *stream) drain() {
	s.read.SetReadDeadline(time.Time{})
	io.CopyN(&s.lines, s.read, buffered(s.read))
}
