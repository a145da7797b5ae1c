!= verdict = "output_exceeded"
!= limits = { output_bytes = 65536 }
!= says = "all work and no play"
program talks
  do
    print "(a)", "all work and no play makes jack a dull boy"
  end do
end program
