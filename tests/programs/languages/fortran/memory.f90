!= verdict = "memory_exceeded"
!= limits = { memory_bytes = 67108864, cpu_seconds = 20.0 }
program hoards
  type piece
    real(8), allocatable :: numbers(:)
  end type
  type(piece) :: hoard(100000)
  integer :: i
  do i = 1, 100000
    allocate (hoard(i)%numbers(131072))
    hoard(i)%numbers = i
  end do
  print *, hoard(100000)%numbers(1)
end program
