package bench

import (
	"context"
	"encoding/json"
	"testing"
	"time"
)

func TestX(t *testing.T) {
	for _, name := range []string{"rtt", "stream", "wake", "fanin", "fanout", "queue", "pipeline", "rate", "gc", "codec", "spawn", "scale"} {
		t.Run(name, func(t *testing.T) {
			ctx, c := context.WithTimeout(t.Context(), 30*time.Second)
			defer c()
			o := Options{Duration: 50 * time.Millisecond, Runs: 1}
			if name == "scale" {
				o.Workers = 6
			}
			start := time.Now()
			err := Run(ctx, name, o, func(o Outcome) {
				b, _ := json.Marshal(o.Result)
				t.Log(string(b))
			})
			t.Log(time.Since(start), err)
			if err != nil {
				t.Fail()
			}
		})
	}
}
