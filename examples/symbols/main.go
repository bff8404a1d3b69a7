// Symbols counts the identifiers in a folder of Go source, with several
// processes: a feeder reads the files, parsers tokenise them, a reducer adds up
// what they found and prints it, and a resident shows how far they are.
//
//	go run ./examples/symbols [-workers n] [-json] [-check] [-quiet] [folder]
//
//	feeder ── files, OneOf("parser") ──▶ parser, parser, … ── tally ──▶ reducer ──▶ report
//	   └───────── found ──────────┐        │ parsed
//	                              ▼        ▼
//	                            progress, which listens
//
// Without a folder it takes the source of the installed Go toolchain. Regular
// files whose names end in .go count, and links to such; links to folders are
// not followed, but for the one that is given. A single Go file may be given,
// too. What cannot be read is named and does not stop the run. Identifiers are
// the IDENT tokens of go/scanner, whose complaints are ignored.
//
// The report goes to standard output, everything else to standard error. The
// exit status is 1 where a worker failed or -check found a difference, 2 for
// bad flags and 130 after Ctrl-C.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// config is what the command line says.
type config struct {
	folder  string // empty: the toolchain's source
	workers int
	json    bool
	check   bool
	quiet   bool
}

func main() {
	worker.Main() // in a worker's process: runs it and exits

	c, err := parseFlags(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		os.Exit(2) // the flag package has said why
	}
	supervisor.Exit(c.run(context.Background(), os.Stdout, os.Stderr))
}

// parseFlags reads the command line and prints what is wrong with it.
func parseFlags(args []string) (config, error) {
	var c config
	flags := flag.NewFlagSet("symbols", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: symbols [flags] [folder]")
		flags.PrintDefaults()
	}
	// Two at least: with one parser there is nothing to share.
	flags.IntVar(&c.workers, "workers", max(2, runtime.GOMAXPROCS(0)), "number of parser processes")
	flags.BoolVar(&c.json, "json", false, "print the report as one JSON object")
	flags.BoolVar(&c.check, "check", false, "count again in one process, and exit with 1 on any difference")
	flags.BoolVar(&c.quiet, "quiet", false, "show no progress")
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	var problem error
	switch {
	case flags.NArg() > 1:
		problem = fmt.Errorf("symbols: %d folders given, want one", flags.NArg())
	case c.workers < 1:
		problem = fmt.Errorf("symbols: %d workers, want at least 1", c.workers)
	}
	if problem != nil {
		fmt.Fprintln(flags.Output(), problem)
		flags.Usage()
	}
	c.folder = flags.Arg(0)
	return c, problem
}

// run does the whole job. Further options change the supervisor.
func (c config) run(ctx context.Context, stdout, stderr io.Writer, options ...supervisor.Option) error {
	root, err := c.root()
	if err != nil {
		return err
	}
	s := &screen{stdout: stdout, stderr: stderr, bar: !c.quiet && isTerminal(stderr)}
	var sum totals
	words := table{}
	options = append([]supervisor.Option{
		supervisor.WithPrint(s.print), supervisor.WithStderr(s),
		supervisor.OnObject(func(_ worker.ID, p part) { words.add(p) }),
		supervisor.OnObject(func(_ worker.ID, t totals) { sum = t }),
	}, options...)

	run := supervisor.New(options...)
	if err := c.addWorkers(run, s, root); err != nil {
		return err
	}
	err = run.Run(ctx)
	s.end()
	if err != nil || !c.check {
		return err
	}
	return check(root, sum, words, stderr)
}

// addWorkers adds everybody. The parsers have a core each; the others wait most
// of the time and run where there is room.
func (c config) addWorkers(run *supervisor.Supervisor, s *screen, root string) (err error) {
	args := reducerArgs{Parsers: c.workers, Started: ring.Now(), JSON: c.json, Emit: c.check}
	for range c.workers {
		if _, err := run.Add(parser.Spec(worker.None{})); err != nil {
			return err
		}
	}
	if _, err := run.Add(feeder.Spec(feederArgs{Root: root}).Unpinned()); err != nil {
		return err
	}
	if s.reporter, err = run.Add(reducer.Spec(args).Unpinned()); err != nil || c.quiet {
		return err
	}
	s.progress, err = run.Add(progress.Spec(progressArgs{Bar: s.bar}).Unpinned().Resident())
	return err
}

// root returns the folder or the file to look at.
func (c config) root() (string, error) {
	if c.folder != "" {
		return findRoot(c.folder)
	}
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("symbols: no Go toolchain whose source could be read (%w); give a folder", err)
	}
	return findRoot(filepath.Join(strings.TrimSpace(string(out)), "src"))
}
