// Zerocopy fills large messages where their receiver reads them, in shared
// memory, and keeps one of them for longer than its handler runs.
package main

import (
	"context"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

const frameSize = 1 << 20

var camera = worker.Define("camera", func(ctx context.Context, w *worker.Worker, lights []byte) error {
	viewer, err := worker.SenderTo[[]byte](w, worker.Name("viewer"))
	if err != nil {
		return err
	}
	defer viewer.Close()
	for _, light := range lights {
		frame, err := viewer.Claim(ctx, frameSize) // shared memory, to be filled in place
		if err != nil {
			return err
		}
		expose(frame, light)
		if err := viewer.Commit(ctx, frameSize); err != nil { // now the viewer has it
			return err
		}
	}
	return nil
})

// expose stands for whatever writes a picture.
func expose(frame []byte, light byte) {
	clear(frame)
	frame[frameSize/2] = light
}

var viewer = worker.Define("viewer", func(ctx context.Context, w *worker.Worker, frames int) error {
	var brightest []byte
	release := func() {}
	worker.On(w, func(ctx context.Context, frame []byte) error { // the camera's memory, until this returns
		if brightest == nil || frame[frameSize/2] > brightest[frameSize/2] {
			release() // the one before
			brightest, release = w.Retain()
		}
		if frames--; frames == 0 {
			return worker.Stop
		}
		return nil
	})
	if err := w.Serve(ctx); err != nil {
		return err
	}
	defer release()
	w.Printf("the brightest of the frames has light %d", brightest[frameSize/2])
	return nil
})

func main() {
	worker.Main()

	supervisor.Exit(supervisor.Run(context.Background(), viewer.Spec(4), camera.Spec([]byte{20, 90, 60, 40})))
}
