// Command ringmaster works with programs built on package ringmaster:
//
//	ringmaster bench       measures this machine, see ringmaster bench --help
//	ringmaster completion  prints a script that completes all this in a shell
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ringmaster-ipc/ringmaster/worker"
)

func main() {
	worker.Main() // the measured processes are copies of this one
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the command at once
	err := newRoot().ExecuteContext(ctx)
	stop()
	os.Exit(exitStatus(ctx, err))
}

// Exit statuses beside 0.
const (
	exitFailed      = 1
	exitInterrupted = 130 // as a shell says it of a command that SIGINT ended
)

// exitStatus prints the error and returns what to exit with.
func exitStatus(ctx context.Context, err error) int {
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil && errors.Is(err, context.Cause(ctx)):
		return exitInterrupted
	}
	fmt.Fprintf(os.Stderr, "ringmaster: %v\n", err)
	return exitFailed
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "ringmaster",
		Short:         "Processes that talk through shared memory",
		Long:          "ringmaster works with programs whose processes talk through shared memory.",
		SilenceUsage:  true,
		SilenceErrors: true, // exitStatus prints them
	}
	root.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return fmt.Errorf("there is no command %q; see \"ringmaster --help\"", args[0])
		}
		return nil
	}
	root.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; see \"%s --help\"", err, cmd.CommandPath())
	})
	root.AddCommand(newBench())
	return root
}
