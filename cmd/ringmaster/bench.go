package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringmaster-ipc/ringmaster/bench"
)

const benchLong = `bench measures ringmaster on this machine: between processes of its own, each
pinned to a core, beside what bare loops do on the same memory.

Each measured run stands between two runs of its floor, the bare loops, and the
ratio to it is what to look at: a virtual machine may change its speed by a
factor of four within a second. Runs whose two floors differ by more than a
quarter are dropped and counted, up to twice --runs are tried, and the figures
are medians of the rest.`

const benchExample = `  ringmaster bench rtt
  ringmaster bench stream --batch 64 --api lane
  ringmaster bench rate --rate 200000 --duration 5s --json
  ringmaster bench all --duration 200ms --out report
  ringmaster bench stream --benchstat > new.txt && benchstat old.txt new.txt`

func newBench() *cobra.Command {
	command := &cobra.Command{
		Use:     "bench",
		Short:   "Measure this machine, beside bare loops on the same memory",
		Long:    benchLong,
		Example: benchExample,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("%w: %q; ringmaster bench --help lists them", bench.ErrUnknown, args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, s := range bench.Scenarios() {
		command.AddCommand(newScenario(s))
	}
	return command
}

// settings are what the flags of one scenario say.
type settings struct {
	options bench.Options
	output
}

func newScenario(s bench.Scenario) *cobra.Command {
	var set settings
	command := &cobra.Command{
		Use:     s.Name,
		Short:   strings.ToUpper(s.Doc[:1]) + s.Doc[1:],
		Long:    s.Long,
		Example: scenarioExample(s),
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return set.run(cmd, s) },
	}
	set.addFlags(command, s)
	return command
}

func scenarioExample(s bench.Scenario) string {
	lines := []string{"  ringmaster bench " + s.Name, "  ringmaster bench " + s.Name + " --json --duration 500ms"}
	if len(s.Flags) > 0 {
		if example := flagExamples[s.Flags[0]]; example != "" {
			lines = append(lines, "  ringmaster bench "+s.Name+" "+example)
		}
	}
	return strings.Join(lines, "\n")
}

var flagExamples = map[string]string{
	"size":    "--size 1024",
	"workers": "--workers 4",
}

// addFlags adds the flags that make sense for a scenario.
func (set *settings) addFlags(command *cobra.Command, s bench.Scenario) {
	flags, o, d := command.Flags(), &set.options, s.Defaults
	choices := func(name string, list ...string) {
		// The flag was defined the line before.
		_ = command.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp))
	}
	for _, name := range s.Flags {
		switch name {
		case "size":
			flags.IntVar(&o.Size, name, 0, fmt.Sprintf("payload of a message in bytes, %d to %d (default 32)", bench.MinSize, bench.MaxSize))
		case "batch":
			flags.IntVar(&o.Batch, name, 0, fmt.Sprintf("messages made visible together, 1 to %d (default 1)", bench.MaxBatch))
		case "api":
			flags.StringVar(&o.API, name, "", "lane (records without types) or typed (handles and handlers) (default typed)")
			choices(name, bench.APILane, bench.APITyped)
		case "codec":
			flags.StringVar(&o.Codec, name, "", "raw, fixed, gob or zstd, for --api typed (default fixed, raw where there is no such size)")
			choices(name, bench.CodecRaw, bench.CodecFixed, bench.CodecGob, bench.CodecZstd)
		case "wait":
			flags.StringVar(&o.Wait, name, "", "how receivers wait: spin, yield, adaptive or block (default "+or(d.Wait, "adaptive")+")")
			choices(name, "spin", "yield", "adaptive", "block")
		case "rate":
			flags.IntVar(&o.Rate, name, 0, fmt.Sprintf("messages per second, 1 to %d (default %d)", bench.MaxRate, d.Rate))
		case "workers":
			flags.IntVar(&o.Workers, name, 0, fmt.Sprintf("processes in all, to %d (default %d)", bench.MaxWorkers, d.Workers))
		case "to":
			flags.StringVar(&o.Target, name, "", "whom to send to: ids, broadcast or listeners (default ids)")
			choices(name, "ids", "broadcast", "listeners")
		}
	}
	flags.DurationVar(&o.Duration, "duration", cmp.Or(d.Duration, bench.DefaultDuration), "of one measured run")
	flags.IntVar(&o.Runs, "runs", bench.DefaultRuns, "runs whose floors agree")
	flags.IntSliceVar(&o.Cores, "cores", nil, "cores for the processes, used in turn (default all this process may use)")
	set.output.addFlags(flags)
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// run checks everything that can be checked before anything is started, then
// measures.
func (set *settings) run(cmd *cobra.Command, s bench.Scenario) error {
	// Zero means the default to package bench, and is a mistake here.
	for _, name := range []string{"size", "batch", "rate", "workers", "runs", "duration"} {
		if f := cmd.Flags().Lookup(name); f != nil && f.Changed && (f.Value.String() == "0" || f.Value.String() == "0s") {
			return fmt.Errorf("%w: --%s is 0", bench.ErrOption, name)
		}
	}
	if err := bench.Check(s.Name, set.options); err != nil {
		return err
	}
	if err := set.open(cmd); err != nil {
		return err
	}
	err := bench.Run(cmd.Context(), s.Name, set.options, set.add)
	interrupted := cmd.Context().Err() != nil
	if interrupted {
		fmt.Fprintf(cmd.ErrOrStderr(), "ringmaster: interrupted after %d results; what there is is partial\n", len(set.report.Outcomes))
	}
	return errors.Join(err, set.close(interrupted))
}

// noArguments refuses what stands behind a command that takes flags alone.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no arguments, got %q; see \"%s --help\"", cmd.CommandPath(), args[0], cmd.CommandPath())
	}
	return nil
}
