package sandbox

func lie(string) {}
