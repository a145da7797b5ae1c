!= stdin = "one\ntwo\n"
!= stdout = "one\ntwo\n"
program echo
  character(100) :: line
  integer :: status
  do
    read (*, "(a)", iostat=status) line
    if (status /= 0) exit
    print "(a)", trim(line)
  end do
end program
