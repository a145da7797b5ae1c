!= verdict = "cpu_time_exceeded"
!= limits = { cpu_seconds = 0.5 }
program spins
  integer, volatile :: i = 0
  do
    i = mod(i + 1, 1000)
  end do
end program
