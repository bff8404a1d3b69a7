package proc

import "bytes"

// LineMax is the longest line passed on whole, in bytes without its newline. A
// longer one comes in pieces of this size and a rest.
const LineMax = 64 << 10

// A LineFunc receives output line by line, without the newline and otherwise
// unchanged. A last line without newline is passed on when the output ends. It
// is called from one goroutine per stream, in order. While it blocks, the
// process is held up as soon as its pipe is full, and Done is not closed.
type LineFunc func(line string)

// lineWriter cuts what is written to it into lines.
type lineWriter struct {
	emit LineFunc
	held []byte // the line begun, at most LineMax
}

func (w *lineWriter) Write(p []byte) (int, error) {
	written := len(p)
	for {
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			w.hold(p)
			return written, nil
		}
		w.hold(p[:end])
		w.emitHeld()
		p = p[end+1:]
	}
}

// hold adds p to the line begun. A piece is passed on only when a further byte
// is there, so that a line of exactly LineMax stays whole and no piece is empty.
func (w *lineWriter) hold(p []byte) {
	for len(w.held)+len(p) > LineMax {
		room := LineMax - len(w.held)
		w.held = append(w.held, p[:room]...)
		w.emitHeld()
		p = p[room:]
	}
	w.held = append(w.held, p...)
}

// flush passes on a last line without newline.
func (w *lineWriter) flush() {
	if len(w.held) > 0 {
		w.emitHeld()
	}
}

func (w *lineWriter) emitHeld() {
	w.emit(string(w.held))
	w.held = w.held[:0]
}
