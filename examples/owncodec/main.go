// Owncodec gives a message type an encoding of its own: prices travel as the
// steps between them, most of which take one byte.
package main

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/ringmaster-ipc/ringmaster/codec"
	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Prices is a series of prices in cents.
type Prices []int64

func init() { codec.Register[Prices](codec.WithCodec(steps{})) }

// steps is the codec; v is always a *Prices.
type steps struct{}

func (steps) Name() string { return "steps" }

func (steps) Append(dst []byte, v any) ([]byte, error) {
	last := int64(0)
	for _, price := range *v.(*Prices) {
		dst = binary.AppendVarint(dst, price-last)
		last = price
	}
	return dst, nil
}

func (steps) Decode(src []byte, v any) error {
	var prices Prices
	for last := int64(0); len(src) > 0; {
		step, n := binary.Varint(src)
		if n <= 0 {
			return errors.New("steps: a number is cut off or too large")
		}
		src = src[n:]
		last += step
		prices = append(prices, last)
	}
	*v.(*Prices) = prices
	return nil
}

var chart = worker.Define("chart", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	worker.On(w, func(ctx context.Context, p Prices) error {
		w.Printf("%d prices from %d to %d came in %d bytes", len(p), p[0], p[len(p)-1], w.Current().Size)
		return worker.Stop
	})
	return w.Serve(ctx)
})

var market = worker.Define("market", func(ctx context.Context, w *worker.Worker, n int) error {
	prices := Prices{100_000}
	for i := range n - 1 {
		prices = append(prices, prices[i]+int64(i%7)-3)
	}
	_, err := worker.Send(ctx, w, worker.Name("chart"), prices)
	return err
})

func main() {
	worker.Main()

	supervisor.Exit(supervisor.Run(context.Background(), chart.Spec(worker.None{}), market.Spec(1000)))
}
