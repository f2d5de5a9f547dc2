module sessions

go 1.18
