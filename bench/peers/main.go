package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// Exit statuses.
const (
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	if j, given, err := jobFromEnv(); given {
		if err == nil {
			err = child(j)
		}
		if err != nil {
			die(err.Error())
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "ringmaster-peers:", err)
		if errors.Is(err, errUsage) {
			os.Exit(exitUsage)
		}
		os.Exit(exitFailed)
	}
}

// command runs the subcommand that args begin with.
func command(ctx context.Context, args []string, out io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case "list":
			return list(args[1:], out)
		case "run":
			return run(ctx, args[1:], out)
		}
	}
	return fmt.Errorf("%w: usage: ringmaster-peers list [--json] | run --peer NAME --scenario rtt|stream|large "+
		"[--size N] [--duration D] [--runs R] [--cores A,B] [--json]", errUsage)
}

// entry is one peer in the list.
type entry struct {
	Peer    string `json:"peer"`
	Version string `json:"version,omitempty"`
	Options string `json:"options,omitempty"`
	Absent  string `json:"absent,omitempty"` // why it cannot be measured
}

// list prints the known peers.
func list(args []string, out io.Writer) error {
	flags := newFlagSet("list")
	asJSON := flags.Bool("json", false, "print one object per peer")
	if err := parse(flags, args); err != nil {
		return err
	}
	for _, p := range peers {
		e := entry{Peer: p.name, Absent: p.absent, Options: p.options}
		if p.absent == "" {
			e.Version = p.version()
		}
		if err := e.print(out, *asJSON); err != nil {
			return err
		}
	}
	return nil
}

func (e entry) print(out io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(e)
	}
	if e.Absent != "" {
		_, err := fmt.Fprintf(out, "%-12s absent: %s\n", e.Peer, e.Absent)
		return err
	}
	_, err := fmt.Fprintf(out, "%-12s %s; %s\n", e.Peer, e.Version, e.Options)
	return err
}

// run measures one peer and prints the result.
func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parseRun(args)
	if err != nil {
		return err
	}
	r := result{
		Scenario: o.job.Scenario, Peer: o.peer.name, Version: o.peer.version(), Options: o.peer.options,
		Size: o.job.Size, Cores: o.cores,
	}
	var samples []sample
	for i := range o.runs {
		o.job.Name = fmt.Sprintf("ringmaster-peers-%d-%d", os.Getpid(), i)
		s, err := runPair(ctx, o.job, o.cores)
		if err != nil {
			return err
		}
		samples = append(samples, s)
	}
	if err := r.summarize(samples); err != nil {
		return err
	}
	return r.print(out, o.json)
}

func (r *result) print(out io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(r)
	}
	figure := fmt.Sprintf("%.0f messages/s, %.3f GB/s", r.MsgsPerSec.Median, r.BytesPerSec/1e9)
	if r.Nanos != nil {
		figure = fmt.Sprintf("p50 %v, p99 %v", time.Duration(r.Nanos.P50), time.Duration(r.Nanos.P99))
	}
	_, err := fmt.Fprintf(out, "%s, %s of %d bytes on cores %s, %d runs: %s\n",
		r.Peer, r.Scenario, r.Size, strings.Trim(fmt.Sprint(r.Cores), "[]"), r.Runs, figure)
	return err
}
