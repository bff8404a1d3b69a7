package ring

// Now returns the time in nanoseconds on the clock that all processes of the
// machine share and that nobody sets (CLOCK_MONOTONIC): differences between
// readings in two processes mean what they seem to. That is what stamps in
// messages need; the monotonic part of a [time.Time] counts from the start of
// its own process. Now may be called from any goroutine; a reading costs less
// than a microsecond.
func Now() int64 { return monotonic() }
