package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ringmaster-ipc/ringmaster/bench"
	"github.com/ringmaster-ipc/ringmaster/bench/machine"
	"github.com/ringmaster-ipc/ringmaster/bench/report"
)

// errFormats reports two formats for one output.
var errFormats = errors.New("--json and --benchstat are two formats for one output")

// output is where results go.
type output struct {
	json      bool
	benchstat bool
	folder    string

	w      io.Writer
	table  *bench.Table
	lines  *bench.Benchstat
	encode *json.Encoder
	report report.Report
	err    error // of writing a result
}

func (o *output) addFlags(flags *pflag.FlagSet) {
	flags.BoolVar(&o.json, "json", false, "print each result as a line of JSON")
	flags.BoolVar(&o.benchstat, "benchstat", false, "print each run as a line of a Go benchmark, for benchstat")
	flags.StringVar(&o.folder, "out", "", "also write a report, results.json and HdrHistogram logs into this `folder`")
}

// open prepares for results.
func (o *output) open(cmd *cobra.Command) error {
	if o.json && o.benchstat {
		return errFormats
	}
	if o.folder != "" {
		if err := report.Prepare(o.folder); err != nil {
			return err
		}
	}
	m, err := machine.Describe()
	if err != nil {
		return err
	}
	o.report = report.Report{Command: strings.Join(append([]string{filepath.Base(os.Args[0])}, os.Args[1:]...), " "), Time: time.Now(), Machine: m}
	o.w = cmd.OutOrStdout()
	switch {
	case o.json:
		o.encode = json.NewEncoder(o.w)
	case o.benchstat:
		o.lines = bench.NewBenchstat(o.w, m)
	default:
		o.table = bench.NewTable(o.w, m)
	}
	return nil
}

// add takes one result.
func (o *output) add(outcome bench.Outcome) {
	o.report.Outcomes = append(o.report.Outcomes, outcome)
	switch {
	case o.encode != nil:
		o.err = errors.Join(o.err, o.encode.Encode(outcome.Result))
	case o.lines != nil:
		o.lines.Add(outcome)
	default:
		o.table.Add(outcome.Result)
	}
}

// close ends the output and writes the report.
func (o *output) close(partial bool) error {
	err := o.err
	if o.lines != nil {
		err = errors.Join(err, o.lines.Close())
	}
	if o.table != nil {
		err = errors.Join(err, o.table.Close())
	}
	if o.folder == "" || len(o.report.Outcomes) == 0 {
		return err
	}
	o.report.Partial = partial
	if written := o.report.Write(o.folder); written != nil {
		return errors.Join(err, written)
	}
	if o.table != nil {
		_, written := fmt.Fprintf(o.w, "\nThe report is %s\n", filepath.Join(o.folder, "report.html"))
		return errors.Join(err, written)
	}
	return err
}
