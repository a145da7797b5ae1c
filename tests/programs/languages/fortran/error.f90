!= verdict = "compile_error"
!= says = "error.f90:6"
program wrong
  implicit none
  integer :: x
  x = "one"
end program
