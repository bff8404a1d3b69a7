package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/ringmaster-ipc/ringmaster/worker"
)

type progressArgs struct {
	Bar bool // draw a bar; otherwise a line for each tenth of the files
}

var progress = worker.Define("progress", showProgress)

// showProgress is a resident that listens to what feeder and parsers say of
// their progress, and prints it. Nobody sends it anything, and the job runs the
// same without it.
func showProgress(ctx context.Context, w *worker.Worker, args progressArgs) error {
	m := meter{args: args, done: map[worker.ID]int64{}}
	show := func() {
		if line := m.line(); line != "" {
			w.Print(line)
		}
	}
	err := worker.Listen(w, func(_ context.Context, f found) error {
		m.total = f.Files
		show()
		return nil
	})
	if err != nil {
		return err
	}
	err = worker.Listen(w, func(_ context.Context, p parsed) error {
		m.done[w.Current().From] = p.Files
		show()
		return nil
	})
	if err != nil {
		return err
	}
	return w.Serve(ctx)
}

// meter turns counts into lines.
type meter struct {
	args  progressArgs
	total int64
	done  map[worker.ID]int64 // by parser
	shown int64               // steps, at the last line
}

const (
	barWidth   = 40
	barSteps   = 100
	plainSteps = 10
)

// line returns what to show now, or nothing while that has not changed by a
// step.
func (m *meter) line() string {
	if m.total == 0 {
		return "" // not known yet, or nothing to do
	}
	var done int64
	for _, n := range m.done {
		done += n
	}
	steps := int64(plainSteps)
	if m.args.Bar {
		steps = barSteps
	}
	if at := done * steps / m.total; at > m.shown {
		m.shown = at
	} else {
		return ""
	}
	text := fmt.Sprintf("%s of %s files, %d %%", grouped(done), grouped(m.total), done*100/m.total)
	if !m.args.Bar {
		return text
	}
	full := int(done * barWidth / m.total)
	return fmt.Sprintf("[%s%s] %s", strings.Repeat("#", full), strings.Repeat(".", barWidth-full), text)
}

// screen sorts what comes out of the job: the report to standard output,
// everything else to standard error, with the bar always on the last line.
type screen struct {
	stdout, stderr     io.Writer
	bar                bool
	reporter, progress worker.ID

	mu     sync.Mutex
	drawn  bool     // the bar is there
	report []string // held back until the progress, which other processes print, is through
}

const eraseLine = "\r\x1b[K"

// print takes a line that a worker prints.
func (s *screen) print(from worker.ID, line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case from == s.reporter:
		s.report = append(s.report, line)
	case from != s.progress:
		s.erase()
		fmt.Fprintln(s.stderr, line)
	case s.bar:
		s.drawn = true
		fmt.Fprint(s.stderr, eraseLine+line)
	default:
		fmt.Fprintln(s.stderr, line)
	}
}

// Write takes what the supervisor reports.
func (s *screen) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	return s.stderr.Write(text)
}

// end takes the bar away and prints the report.
func (s *screen) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	for _, line := range s.report {
		fmt.Fprintln(s.stdout, line)
	}
}

func (s *screen) erase() {
	if s.drawn {
		fmt.Fprint(s.stderr, eraseLine)
		s.drawn = false
	}
}

// isTerminal reports whether people see what is written to w as it is written.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}
