// Imposter speaks to the supervisor like a worker of another version.
package main

import (
	"fmt"
	"os"

	"github.com/ringmaster-ipc/ringmaster/shm"
	"github.com/ringmaster-ipc/ringmaster/worker/control"
)

func main() {
	if err := imposter(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func imposter(what string) error {
	conn, err := control.New(os.NewFile(control.FDControl, "control"))
	if err != nil {
		return err
	}
	frame := control.Frame{Kind: control.KindHello, Hello: &control.Hello{Version: control.Version, Layout: shm.Version, PID: os.Getpid()}}
	switch what {
	case "version":
		frame.Hello.Version = 99
	case "layout":
		frame.Hello.Layout = 77
	case "silent":
		frame.Hello = nil
	case "rude":
		frame = control.Frame{Kind: "rude"}
	case "fails":
		if err := conn.Send(frame, nil); err != nil {
			return err
		}
		return conn.Send(control.Frame{Kind: control.KindFailed}, nil) // without saying why
	}
	if err := conn.Send(frame, nil); err != nil {
		return err
	}
	for err == nil { // until the supervisor has had enough
		_, _, err = conn.Receive()
	}
	return nil
}
