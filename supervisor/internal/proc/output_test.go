package proc

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestOutputComesInWholeLines(t *testing.T) {
	for _, test := range []struct {
		name  string
		write []string // pieces as they come out of the pipe
		want  []string
	}{
		{"nothing", nil, nil},
		{"lines", []string{"a\nb\n"}, []string{"a", "b"}},
		{"empty lines", []string{"\n\na\n"}, []string{"", "", "a"}},
		{"last line without newline", []string{"a\nb"}, []string{"a", "b"}},
		{"line in pieces", []string{"a", "b", "", "c\nd", "\n"}, []string{"abc", "d"}},
		{"carriage return stays", []string{"a\r\n"}, []string{"a\r"}},
		{"longest line", []string{long(LineMax), "\n", "a\n"}, []string{long(LineMax), "a"}},
		{"longest line at the end", []string{long(LineMax)}, []string{long(LineMax)}},
		{"longer line", []string{long(LineMax + 1), "\n"}, []string{long(LineMax), "x"}},
		{"much longer line", []string{"a", long(3 * LineMax), "\nb\n"}, []string{"a" + long(LineMax-1), long(LineMax), long(LineMax), "x", "b"}},
	} {
		var got []string
		w := lineWriter{emit: func(line string) { got = append(got, line) }}
		for _, piece := range test.write {
			if n, err := w.Write([]byte(piece)); n != len(piece) || err != nil {
				t.Errorf("%s: Write: got %d, %v, want %d", test.name, n, err, len(piece))
			}
		}
		w.flush()
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got %d lines %.100q, want %d lines %.100q", test.name, len(got), got, len(test.want), test.want)
		}
	}
}

func long(length int) string { return strings.Repeat("x", length) }

func TestStreamsArePassedOnApart(t *testing.T) {
	var stderr []string
	c := childCommand("write", "one\ntwo", "three\nfour")
	c.Stderr = func(line string) { stderr = append(stderr, line) }
	stdout, _ := run(t, newSpawner(t), c)
	if want := []string{"one", "two"}; !slices.Equal(stdout, want) {
		t.Errorf("standard output: got %q, want %q", stdout, want)
	}
	if want := []string{"three", "four"}; !slices.Equal(stderr, want) {
		t.Errorf("standard error: got %q, want %q", stderr, want)
	}
}

func TestLinesOfFourProcessesAreNeitherTornNorLost(t *testing.T) {
	const count = 10_000
	s := newSpawner(t)
	var processes []*Process
	var streams [8][]string
	for i := range 4 {
		c := childCommand("lines", strconv.Itoa(i), strconv.Itoa(count))
		c.Stdout = func(line string) { streams[2*i] = append(streams[2*i], line) }
		c.Stderr = func(line string) { streams[2*i+1] = append(streams[2*i+1], line) }
		processes = append(processes, start(t, s, c))
	}
	for _, p := range processes {
		await(t, "the end of the process", p.Done())
	}
	for i, lines := range streams {
		equal(t, "lines of one stream", len(lines), count)
		for n, line := range lines {
			mark := strconv.Itoa(i / 2)
			if want := fmt.Sprintf("%s %d %s", mark, n, strings.Repeat(mark, n%50)); line != want {
				t.Fatalf("stream %d, line %d: got %q, want %q", i, n, line, want)
			}
		}
	}
}

func TestGrandchildThatKeepsOutputOpenDoesNotHoldUpDone(t *testing.T) {
	out := newOutput()
	c := childCommand("parent", "last words")
	c.Stdout, c.Stderr = out.add, func(string) {}
	p := start(t, newSpawner(t), c)
	dies := out.awaitPid(t)
	await(t, "Done", p.Done())
	equal(t, "last line", out.all()[1], "last words")
	if err := p.KillGroup(); err == nil {
		t.Error("KillGroup after Done: got no error, want one: the group's id may be another's")
	}
	if dies(0) {
		t.Error("the grandchild has ended before the test did: nothing was held open")
	}
}

func TestSlowReaderOfHeldOutputGetsAllThatWasWritten(t *testing.T) {
	const count = 400 // some 40 KiB: less than a pipe holds
	words := strings.Repeat(strings.Repeat("x", 100)+"\n", count)
	lines := 0
	c := childCommand("parent", words+"end")
	last := ""
	var p *Process
	reaped := make(chan struct{})
	c.Stdout = func(line string) {
		if lines == 0 {
			// The process ends meanwhile, and the time for its output expires.
			<-reaped
			time.Sleep(2 * outputWaitMax)
		}
		lines++
		last = line
	}
	p = start(t, newSpawner(t), c)
	await(t, "the death of the process", p.Reaped())
	close(reaped)
	await(t, "Done", p.Done())
	equal(t, "lines", lines, 1+count+1)
	equal(t, "last line", last, "end")
}

func TestOutputOfWildGrandchildEndsWithTheProcess(t *testing.T) {
	// yes(1) writes for ever into the pipe that its dead parent has left it.
	c := Command{Path: "/bin/sh", Args: []string{"sh", "-c", "yes & exit 5"}}
	_, exit := run(t, newSpawner(t), c)
	equal(t, "exit code", exit.Code, 5)
}
