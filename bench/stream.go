package bench

import "context"

func init() {
	register(Scenario{
		Name: "stream",
		Doc:  "messages per second from one process to another",
		Long: `One process sends as fast as the other takes. Each message is visible at once;
with --batch n, n of them become visible together. Messages of 4 KiB and more
are filled in place, every byte, and read in place, every byte. The floor is a
bare ring with slots of the same size, published one by one, or 64 together for a
batch; for gob it is the slower half of a persistent encoder and decoder.`,
		Flags: []string{"size", "batch", "api", "codec", "wait"},
		Run: func(ctx context.Context, o Options, out func(Outcome)) error {
			return runFlow(ctx, "stream", plan{Options: o, Parts: pair(partSource, partSink), Floor: streamFloor(o)}, out)
		},
	})
}
