package proc

import "testing"

// BenchmarkStartToDone measures a whole life: start, exit and the end of the
// output, of the smallest program at hand.
func BenchmarkStartToDone(b *testing.B) {
	s := NewSpawner()
	defer s.Close()
	c := Command{Path: "/bin/true", Stdout: func(string) {}, Stderr: func(string) {}}
	for b.Loop() {
		p, err := s.Start(c)
		if err != nil {
			b.Fatal(err)
		}
		<-p.Done()
	}
}

func BenchmarkStart(b *testing.B) {
	s := NewSpawner()
	defer s.Close()
	c := childCommand("exit", "0")
	for b.Loop() {
		p, err := s.Start(c)
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		<-p.Done()
		b.StartTimer()
	}
}

func BenchmarkUsage(b *testing.B) {
	s := NewSpawner()
	defer s.Close()
	p, err := s.Start(childCommand("sleep"))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := p.Usage(); err != nil {
			b.Fatal(err)
		}
	}
}
