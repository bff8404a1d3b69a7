// Slogging lets workers log with log/slog: their records go to the supervisor's
// logger, which decides on level, form and place.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

var oven = worker.Define("oven", func(ctx context.Context, w *worker.Worker, degrees []int) error {
	log := w.Logger().With("place", "kitchen")
	for _, d := range degrees {
		log.Debug("measured", "degrees", d)
		if d > 250 {
			log.Warn("too hot", "degrees", d)
		}
	}
	log.Info("done", slog.Group("seen", "count", len(degrees)))
	return nil
})

func main() {
	worker.Main()

	handler := slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		Level: slog.LevelInfo,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{} // so that this example prints the same each time
			}
			return a
		},
	})
	s := supervisor.New(supervisor.WithLogger(slog.New(handler)))
	if _, err := s.Add(oven.Spec([]int{180, 260, 200})); err != nil {
		supervisor.Exit(err)
	}
	supervisor.Exit(s.Run(context.Background()))
}
