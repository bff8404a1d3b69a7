package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// patience is how long anything may take before a test gives up.
const patience = time.Minute

var (
	// program builds the program once.
	program    = sync.OnceValues(buildProgram)
	programDir string
)

func TestMain(m *testing.M) {
	worker.Main() // some tests run the job in their own process
	code := m.Run()
	if programDir != "" {
		os.RemoveAll(programDir)
	}
	os.Exit(code)
}

func buildProgram() (string, error) {
	dir, err := os.MkdirTemp("", "symbols")
	if err != nil {
		return "", err
	}
	programDir = dir
	path := filepath.Join(dir, "symbols")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
}

// command returns a command that runs the program, in a folder of its own.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = t.TempDir()
	cmd.WaitDelay = time.Second
	return cmd
}

// output is what a run of the program left.
type output struct {
	stdout, stderr string
	code           int
}

func symbols(t *testing.T, args ...string) output {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := command(t, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatalf("symbols %q: %v", args, err)
	}
	return output{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// parseReport reads the JSON object, and nothing but it, from standard output.
func parseReport(t *testing.T, text string) report {
	t.Helper()
	var r report
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	if d.More() {
		t.Errorf("standard output has more than one object: %q", text)
	}
	return r
}

func TestEveryFolderIsCountedAsOneProcessDoes(t *testing.T) {
	for name, fill := range folders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			fill(t, root)
			want := countAlone(t, root)
			for _, workers := range []string{"1", "3"} {
				out := symbols(t, "-json", "-check", "-workers", workers, root)
				if out.code != 0 {
					t.Fatalf("%s workers: exit status %d\n%s", workers, out.code, out.stderr)
				}
				got := parseReport(t, out.stdout)
				want.compare(t, got)
				if fmt.Sprint(got.Workers) != workers {
					t.Errorf("workers is %d, want %s", got.Workers, workers)
				}
			}
		})
	}
}

func TestRootMayBeALink(t *testing.T) {
	root := t.TempDir()
	folders["plain"](t, root)
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(root, link))
	out := symbols(t, "-json", link)
	if out.code != 0 {
		t.Fatalf("exit status %d\n%s", out.code, out.stderr)
	}
	countAlone(t, root).compare(t, parseReport(t, out.stdout))
}

func TestOneFileMayBeGiven(t *testing.T) {
	root := t.TempDir()
	write(t, root, "a.go", "package a; var x, x2, x3 = 1, 2, 3")
	out := symbols(t, "-json", "-check", filepath.Join(root, "a.go"))
	if out.code != 0 {
		t.Fatalf("exit status %d\n%s", out.code, out.stderr)
	}
	countAlone(t, root).compare(t, parseReport(t, out.stdout))
}

func TestWhatCannotBeCountedAtAllIsAnErrorThatNamesIt(t *testing.T) {
	root := t.TempDir()
	write(t, root, "a.txt", "package a")
	fifo(t, root, "fifo.go")
	for path, why := range map[string]string{
		filepath.Join(root, "none"):    "no such file or directory",
		filepath.Join(root, "none.go"): "no such file or directory",
		filepath.Join(root, "a.txt"):   "neither a folder nor a Go file",
		filepath.Join(root, "fifo.go"): "neither a folder nor a Go file",
	} {
		out := symbols(t, path)
		if out.code != 1 || out.stdout != "" || !strings.Contains(out.stderr, path) || !strings.Contains(out.stderr, why) {
			t.Errorf("%s: exit status %d, standard output %q, error %q; want 1, nothing, and %q", path, out.code, out.stdout, out.stderr, why)
		}
	}
}

func TestBadFlagsExitWithTwo(t *testing.T) {
	for _, args := range [][]string{{"-workers", "0"}, {"-workers", "many"}, {"-nonsense"}, {"one", "two"}} {
		out := symbols(t, args...)
		if out.code != 2 || out.stdout != "" || !strings.Contains(out.stderr, "usage: symbols") {
			t.Errorf("%q: exit status %d, output %q and %q; want 2 and the usage on standard error", args, out.code, out.stdout, out.stderr)
		}
	}
	if out := symbols(t, "-help"); out.code != 0 || !strings.Contains(out.stderr, "usage: symbols") {
		t.Errorf("-help: exit status %d, %q; want 0 and the usage", out.code, out.stderr)
	}
}

func TestMoreWorkersThanARunCanHaveIsAnError(t *testing.T) {
	out := symbols(t, "-workers", "100000", t.TempDir())
	if out.code != 1 || !strings.Contains(out.stderr, supervisor.ErrSlots.Error()) {
		t.Errorf("exit status %d, %q; want 1 and %q", out.code, out.stderr, supervisor.ErrSlots)
	}
}

func TestTextReportHasAllFigures(t *testing.T) {
	root := t.TempDir()
	folders["plain"](t, root)
	out := symbols(t, "-check", root)
	if out.code != 0 {
		t.Fatalf("exit status %d\n%s", out.code, out.stderr)
	}
	for _, line := range []string{
		`files\s+[\d,]+`, `unreadable\s+0`, `bytes\s+[\d,]+`, `identifiers\s+[\d,]+`, `distinct\s+[\d,]+`,
		`name\s+[\d,]+`, // one of the top 20
		`worker\s+files\s+bytes\s+share\s+core\s+CPU\s+memory`,
		`parser \d+\s+[\d,]+\s+[\d,]+\s+[\d.]+ %\s+\d+\s+[\d.]+ s\s+[\d.]+ MB`,
		`[\d.]+ s: [\d,]+ messages/s, [\d.]+ MB/s`,
		`from send to handled: p50 \S+s, p99 \S+s, p99.9 \S+s`,
	} {
		if !regexp.MustCompile(`(?m)^\s*` + line + `$`).MatchString(out.stdout) {
			t.Errorf("no line like %s in\n%s", line, out.stdout)
		}
	}
	if !strings.Contains(out.stderr, "check: one process counted the same") {
		t.Errorf("standard error does not say that the check was made: %q", out.stderr)
	}
}

func TestProgressGoesToStandardErrorUnlessQuiet(t *testing.T) {
	root := t.TempDir()
	folders["many"](t, root)
	loud := symbols(t, "-json", root)
	parseReport(t, loud.stdout)
	if !regexp.MustCompile(`(?m)^[\d,]+ of [\d,]+ files, \d+ %$`).MatchString(loud.stderr) {
		t.Errorf("no progress in %q", loud.stderr)
	}
	if quiet := symbols(t, "-json", "-quiet", root); quiet.stderr != "" {
		t.Errorf("-quiet: standard error has %q", quiet.stderr)
	}
}

func TestUnreadableFilesAreNamedEvenIfQuiet(t *testing.T) {
	root := t.TempDir()
	must(t, os.Symlink("nowhere", filepath.Join(root, "line\nbreak.go")))
	out := symbols(t, "-json", "-quiet", root)
	want := fmt.Sprintf("cannot read %q: no such file or directory\n", filepath.Join(root, "line\nbreak.go"))
	if out.code != 0 || out.stderr != want {
		t.Errorf("exit status %d, standard error %q; want 0 and %q", out.code, out.stderr, want)
	}
	if r := parseReport(t, out.stdout); r.Unreadable != 1 || r.Files != 0 {
		t.Errorf("%d files and %d unreadable, want 0 and 1", r.Files, r.Unreadable)
	}
}

func TestFilesAboveTheLargestMessageAreCounted(t *testing.T) {
	root := t.TempDir()
	folders["sizes"](t, root)
	var stdout, stderr bytes.Buffer
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := config{folder: root, workers: 2, json: true, check: true}
	if err := c.run(ctx, &stdout, &stderr, supervisor.WithMaxMessage(512<<10)); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	countAlone(t, root).compare(t, parseReport(t, stdout.String()))
}

func TestCheckNamesEachDifference(t *testing.T) {
	root := t.TempDir()
	write(t, root, "a.go", "package a; var x, y, y2 int")
	sum, words, err := count(root)
	must(t, err)
	wrong := maps.Clone(words)
	wrong["z"] = 1
	wrong["y"]++
	delete(wrong, "x")
	sum.Bytes--
	err = check(root, sum, wrong, new(bytes.Buffer))
	want := `symbols: check: 4 differences to a count in one process:
  bytes: 26, one process counts 27
  identifier x: 0, one process counts 1
  identifier y: 2, one process counts 1
  identifier z: 1, one process counts 0`
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

func TestTopIsSortedByCountThenName(t *testing.T) {
	words := table{"d": 1, "b": 2, "a": 2, "c": 1, "e": 3, "f": 1}
	for i, want := range []string{"[{e 3}]", "[{e 3} {a 2}]", "[{e 3} {a 2} {b 2}]", "[{e 3} {a 2} {b 2} {c 1}]"} {
		if got := fmt.Sprint(words.top(i + 1)); got != want {
			t.Errorf("top(%d) is %s, want %s", i+1, got, want)
		}
	}
	if got := len(words.top(20)); got != len(words) {
		t.Errorf("top(20) of %d has %d", len(words), got)
	}
}

func TestTableTravelsInParts(t *testing.T) {
	words := table{}
	for i := range 30000 {
		words[fmt.Sprintf("identifier%d", i)] = int64(i)
	}
	again, n := table{}, 0
	for p := range words.parts() {
		again.add(p)
		n++
	}
	if !maps.Equal(words, again) || n < 2 {
		t.Errorf("%d parts, %d of %d identifiers", n, len(again), len(words))
	}
	for p := range (table{}).parts() {
		t.Errorf("the empty table has a part: %v", p)
	}
}
